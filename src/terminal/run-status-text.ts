/** The whole run in lines of `key=value` for scripts; keys are an interface, described in docs/monitor.md. */
import { partitionName } from "../core/sub-partition.ts";
import type { MachineRow, RunPicture } from "../progress/progress.ts";
import { isoTime } from "../report/report.ts";
import { countValues, statusLine } from "./status-text.ts";

/** A line for each machine, and one for the whole run. @param exitCode of the whole run */
export function runStatusText(picture: RunPicture, exitCode: number): string[] {
  const { run, total, counts, partitions, machines, joined, takenOver } = picture;
  const line = {
    run: run.runId,
    target: run.target,
    exit_code: exitCode,
    partitions,
    partitions_done: counts.done,
    partitions_alive: counts.alive,
    partitions_dead: counts.dead,
    partitions_left: counts.left,
    partitions_not_started: counts["not-started"],
    ...(joined === undefined
      ? {}
      : {
          machines_joined: joined.joined,
          machines_alive: joined.alive,
          machines_left: joined.left,
          machines_died: joined.dead,
          partitions_taken_over: takenOver.partitions,
          files_found_by_take_overs: takenOver.filesFound,
        }),
    ...countValues(total),
    ...rates(total),
    seconds_left: total.eta === undefined ? undefined : Math.round(total.eta.highMs / 1_000),
  };
  return [...machines.map((row) => machineLine(row)), `total ${statusLine(line)}`];
}

function machineLine(row: MachineRow): string {
  const { host, pid, life, held, done, parts, workItems, toldAt } = row;
  const [only, second] = parts;
  return `machine=${statusLine({ host }).slice("host=".length)} ${statusLine({
    pid,
    state: life,
    ...(only === undefined || second !== undefined ? {} : { partition: partitionName(only.partition) }),
    partitions_held: held,
    partitions_done: done,
    work_items: workItems.total,
    work_items_left: workItems.total - workItems.ended,
    ...rates(life === "alive" ? row : { filesPerSecond: undefined, workItemsPerMinute: undefined }),
    told_at: isoTime(toldAt),
  })}`;
}

function rates(of: {
  readonly filesPerSecond: number | undefined;
  readonly workItemsPerMinute: number | undefined;
}) {
  return {
    files_per_second: of.filesPerSecond?.toFixed(2),
    work_items_per_minute: of.workItemsPerMinute?.toFixed(2),
  };
}
