/** How a CSV's work items divide among partitions, as text. */
import type { DistributionReport } from "../report/report.ts";
import { count, percent, quantity } from "./format.ts";

const RULE = "=".repeat(80);

/** The lines of the counts. */
export function distributionText({ partitions: shares, total }: DistributionReport): string[] {
  return [
    `Partition Distribution for ${shares.length} partitions:`,
    RULE,
    "",
    ...shares.flatMap((share) => [
      `Partition ${share.partition}:`,
      `  Count:     ${count(share.count)} (${percent(share.count, total)})`,
      `  Samples:   ${share.samples.join(", ")}${share.count > share.samples.length ? ", ..." : ""}`,
      "",
    ]),
    `Total WorkItems: ${count(total)}`,
  ];
}

/** What is not in the counts. It is for stderr: the counts' text stays what operators know. */
export function uncountedText({
  duplicates,
  rejected,
  firstRejected,
  warnings,
}: DistributionReport): string[] {
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(duplicates > 0 ? [`${quantity(duplicates, "repeated row")} counted once`] : []),
    ...(rejected > 0 ? [`${quantity(rejected, "row")} rejected:`] : []),
    ...firstRejected.map((row) => `  line ${row.line}: ${row.reason}`),
    ...(rejected > firstRejected.length ? ["  ..."] : []),
  ];
}
