/** What the runs of a line come to: medians and ranges, and ratios of runs of the same round. */
import type { Line } from "./run-cell.ts";
import type { Run } from "./run-once.ts";

/** What is taken from a run. */
export type Measure = (run: Run) => number;

export const perSecond: Measure = ({ files, seconds }) => files / seconds;
export const perSecondUnderWay: Measure = ({ files, underWaySeconds }) => files / underWaySeconds;
export const cpuSecondsAThousand: Measure = ({ files, cpuSeconds }) => (1_000 * cpuSeconds) / files;
export const requestsAFile: Measure = ({ files, requests }) => requests / files;
export const refusedShare: Measure = ({ requests, refused }) => refused / requests;
export const peakMiB: Measure = (run) => run.peakMiB;
export const lateMs: Measure = (run) => run.lateMs;
/** Cores that the simulator took. */
export const serviceCores: Measure = ({ serviceCpuSeconds, seconds }) => serviceCpuSeconds / seconds;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Why the line does not count; undefined when all its runs did their job. */
export function failureOf({ runs }: Pick<Line, "runs">): string | undefined {
  return runs.find(({ failure }) => failure !== undefined)?.failure;
}

/** How many times the other's figure reupload's is: the median over the rounds, as each round's runs stand together. */
export function ratio(reupload: Line | undefined, other: Line, measure: Measure): number | undefined {
  if (reupload === undefined || failureOf(reupload) !== undefined || failureOf(other) !== undefined)
    return undefined;
  const ratios = reupload.runs.flatMap((run, round) => {
    const its = other.runs[round];
    return its === undefined ? [] : [measure(run) / measure(its)];
  });
  return median(ratios);
}
