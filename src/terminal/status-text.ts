/** A line of `key=value` for each state, for scripts; keys are an interface, described in docs/monitor.md. */
import type { FleetView, MachineView, ProgressView } from "../progress/progress.ts";
import type { Writer } from "../state/state-reader.ts";
import { printableJson } from "../core/unprintable.ts";
import { isoTime } from "../report/report.ts";

type Value = string | number | boolean | undefined;

/** One line a state, and one for all of them when there are several that fit together. */
export function statusText(fleet: FleetView): string[] {
  const lines = fleet.machines.map((machine) => machineLine(machine));
  if (fleet.machines.length === 1 || fleet.total === undefined) return lines;
  const total = {
    states: fleet.machines.length,
    exit_code: fleet.exitCode,
    missing_partitions: fleet.missingPartitions.length,
    ...countValues(fleet.total),
  };
  return [...lines, `total ${statusLine(total)}`];
}

function machineLine({ stateDb, run, writer, progress, exitCode }: MachineView): string {
  const { partition, totalPartitions } = run.identity;
  return `state=${valueText(stateDb)} ${statusLine({
    ...processValues(writer),
    exit_code: exitCode,
    partition,
    total_partitions: totalPartitions,
    ...countValues(progress),
  })}`;
}

function processValues(writer: Writer): Record<string, Value> {
  switch (writer.kind) {
    case "running":
      return {
        process: "running",
        pid: writer.pid,
        host: writer.host,
        ...steeredValue(writer.heartbeat?.state),
      };
    case "died":
      return {
        process: "died",
        at: isoTime(writer.at),
        ...(writer.copy === undefined ? {} : { copy: writer.copy }),
      };
    case "ended":
      return { process: "ended", at: isoTime(writer.at), why: writer.ending?.why };
  }
}

/** Only when the process does not simply go on: `run=paused`. */
function steeredValue(state: string | undefined): Record<string, Value> {
  return state === undefined || state === "running" ? {} : { run: state };
}

/** What `status` tells of work items and files. */
export function countValues({ workItems, files, bytes }: ProgressView): Record<string, Value> {
  return {
    work_items: workItems.total,
    work_items_done: workItems.done,
    work_items_empty: workItems.empty,
    work_items_failed: workItems.failed,
    work_items_left: workItems.left,
    files: files.total,
    files_are_known: files.totalIsKnown,
    files_done: files.done,
    files_failed: files.failed,
    files_skipped: files.skipped,
    files_left: files.left,
    files_left_out: files.leftOut,
    bytes,
  };
}

/** `key=value` pairs on one line. */
export function statusLine(values: Readonly<Record<string, Value>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${valueText(value)}`)
    .join(" ");
}

/** `yes`, `no`, `unknown`; what is more than a word is quoted as in JSON. */
function valueText(value: Value): string {
  if (value === undefined) return "unknown";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = String(value);
  return /^[\w.:/+@%~-]+$/.test(text) ? text : printableJson(JSON.stringify(text));
}
