/** Where the other machines of a run stand, as lines for people. */
import type { OtherPartition, OthersReport } from "../report/report.ts";
import { count, duration, quantity } from "./format.ts";
import { printable } from "./printable.ts";

/** @returns lines such as `partition 1 on HOST still runs, about 3 h 05 min left`; one line when the run is complete */
export function othersText({ totalPartitions, isComplete, notDone, partitions }: OthersReport): string[] {
  if (isComplete) return [`all ${count(totalPartitions)} partitions are done`];
  const more = notDone - partitions.length;
  const rest = more === 0 ? [] : [`${quantity(more, "more partition is", "more partitions are")} not done`];
  return [...partitions.map((one) => printable(partitionLine(one))), ...rest];
}

function partitionLine({ partition, state, host = "unknown", leftMs }: OtherPartition): string {
  const name = `partition ${partition}`;
  switch (state) {
    case "running":
      return `${name} on ${host} still runs${leftMs === undefined ? "" : `, about ${duration(leftMs)} left`}`;
    case "died":
      return `${name} on ${host} has died: resume it there, or start it elsewhere with --take-over`;
    case "left":
      return `${name} was left unfinished by ${host}: resume it there, or start it elsewhere`;
    case "not-started":
      return `${name} was not started yet`;
  }
}
