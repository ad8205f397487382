/** The report of states as one page. */
import type { FullReport } from "../full-report.ts";
import { failuresSection, nextSection } from "./failures.ts";
import { pageHead } from "./figures.ts";
import { framePage } from "./frame.ts";
import {
  accountSection,
  longestSection,
  machinesSection,
  paceSection,
  settingsSection,
  startsSection,
} from "./sections.ts";

/** The whole page as text. */
export function reportPage(report: FullReport): string {
  const { machines } = report.fleet;
  const states = machines.map(({ stateDb }) => stateDb).join(", ");
  return framePage({
    title: `Re-upload report: ${machines[0]?.run.identity.target ?? ""}`,
    body: [
      pageHead(report),
      failuresSection(report),
      nextSection(report),
      accountSection(report),
      paceSection(report),
      machinesSection(report),
      longestSection(report),
      startsSection(report),
      settingsSection(report),
    ],
    footer: `Made by reupload ${report.tool} from ${states}.`,
  });
}
