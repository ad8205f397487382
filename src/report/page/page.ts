/**
 * The report as one page of HTML: no script, no request to anywhere, readable by screen readers, in light and dark and
 * on paper.
 */
import type { FullReport } from "../full-report.ts";
import { failuresSection, nextSection } from "./failures.ts";
import { pageHead } from "./figures.ts";
import { Html, html } from "./html.ts";
import {
  accountSection,
  longestSection,
  machinesSection,
  paceSection,
  settingsSection,
  startsSection,
} from "./sections.ts";
import { STYLE } from "./style.ts";

/** The browser itself is told to load nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The whole page as text. */
export function reportPage(report: FullReport): string {
  const target = report.fleet.machines[0]?.run.identity.target ?? "";
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>Re-upload report: ${target}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          ${pageHead(report)} ${failuresSection(report)} ${nextSection(report)} ${accountSection(report)}
          ${paceSection(report)} ${machinesSection(report)} ${longestSection(report)} ${startsSection(report)}
          ${settingsSection(report)}
          <footer>
            Made by reupload ${report.tool} from
            ${report.fleet.machines.map(({ stateDb }) => stateDb).join(", ")}. Addresses are shown without
            their signatures.
          </footer>
        </main>
      </body>
    </html> `;
  return page.text;
}
