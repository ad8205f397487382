/** Rows of runs of several machines, in Markdown. */
import { availableParallelism } from "node:os";
import type { MachinesResult } from "./machine-runs.ts";

export const MACHINES_HEAD = [
  `| machines | partitions | files | s | of the perfect split | files/s a machine | other requests/min a machine | CPU of ${availableParallelism()} cores | load | of each: files (first file, slots idle from, last file, end) s, gifts |`,
  "|---|---|---|---|---|---|---|---|---|---|",
].join("\n");

/** @param result one run */
export function machinesRow(result: MachinesResult): string {
  const { machines, kind, partitions, files, took, perfect, requestsAMinute, cpu, load, each } = result;
  const columns = [
    machines,
    kind === "auto" ? `${partitions}, free` : `${machines}, fixed`,
    files.toLocaleString("en-US"),
    took.toFixed(1),
    (took / perfect).toFixed(3),
    (files / machines / took).toFixed(1),
    requestsAMinute.toFixed(0),
    `${(100 * cpu).toFixed(0)} %`,
    load.toFixed(1),
    each
      .map((one) => {
        const times = [one.first, one.idle, one.last, one.end].map((time) => time.toFixed(1)).join(" ");
        return `${one.files} (${times}${one.gifts === 0 ? "" : `, ${one.gifts}`})`;
      })
      .join(", "),
  ];
  return `| ${columns.join(" | ")} |`;
}
