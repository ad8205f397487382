/**
 * How long a run takes on so many machines, from the rate of one. Work is bounded by what each machine does, by the queue
 * and by the account; the largest share of fixed partitions ends last.
 */

/** Published limits of Azure Storage: messages a second of one queue, requests a second of one account. */
export const QUEUE_LIMIT = 2_000;
export const ACCOUNT_LIMIT = 20_000;
/** One process's thread is full at this rate of server copies, files/s (`docs/performance.md`). */
export const PROCESS_LIMIT = 2_500;

/** A measured rate holds for another hour within these factors, as a rule: throttling, slow work items, the tail. */
const RANGE = { low: 0.9, high: 1.25 } as const;
/** With `--partition auto` all machines end nearly at once. */
const AUTO_TAIL = 1.1;
/** A night: what a run should end within when nobody says it, ms. */
export const NIGHT_MS = 8 * 3_600_000;

export interface EstimateInput {
  readonly files: number;
  /** Of one machine, files/s. */
  readonly filesPerSecond: number;
  /** 0: nothing is announced. */
  readonly queues: number;
  /** Numbers of machines to compare, each with the part of the work items that its largest partition has, 0 to 1. */
  readonly shares: readonly { readonly machines: number; readonly largest: number }[];
  /** Numbers of machines up to this one are shown, also when a limit makes them useless. */
  readonly atLeast: number;
  /** The run should end within this time, ms. */
  readonly withinMs: number;
}

export interface EstimateRow {
  readonly machines: number;
  readonly partitions: "whole" | "fixed" | "auto";
  /** Of all machines together. */
  readonly filesPerSecond: number;
  readonly lowMs: number;
  readonly highMs: number;
  /** Against one machine, by the middle of the range. */
  readonly speedUp: number;
  /** What would have to change for more machines to help. */
  readonly boundBy: "machines" | "queue" | "account";
  readonly isRecommended: boolean;
}

/** One row for each number of machines, and for several machines one with each way of partitioning. */
export function estimate(input: EstimateInput): EstimateRow[] {
  const sorted = input.shares.toSorted((a, b) => a.machines - b.machines);
  const enough = sorted.find(({ machines }) => row(input, machines, "auto", 1).boundBy !== "machines");
  const rows = sorted
    .filter(({ machines }) => machines <= Math.max(enough?.machines ?? Infinity, input.atLeast))
    .flatMap(({ machines, largest }) =>
      machines === 1
        ? [row(input, 1, "whole", 1)]
        : [row(input, machines, "fixed", largest * machines), row(input, machines, "auto", AUTO_TAIL)],
    );
  const alone = middle(row(input, 1, "whole", 1));
  const withSpeed = rows.map((each) => ({ ...each, speedUp: alone / middle(each) }));
  const best = recommend(withSpeed, input.withinMs);
  return withSpeed.map((each) => ({ ...each, isRecommended: each === best }));
}

/** @param tail how much longer the last machine works than it would with a perfect split */
function row(
  { files, filesPerSecond, queues }: EstimateInput,
  machines: number,
  partitions: EstimateRow["partitions"],
  tail: number,
): EstimateRow {
  const own = Math.min(filesPerSecond, PROCESS_LIMIT) * machines;
  const queue = queues === 0 ? Infinity : QUEUE_LIMIT * Math.min(queues, machines);
  const rate = Math.min(own, queue, ACCOUNT_LIMIT);
  const ms = (files / rate) * 1000;
  // Where a service is the limit, the last machine has it for itself.
  const last = rate < own ? Math.max(1, (tail * rate) / own) : tail;
  return {
    machines,
    partitions,
    filesPerSecond: rate,
    lowMs: ms * RANGE.low,
    highMs: ms * RANGE.high * last,
    speedUp: 1,
    boundBy: rate === own ? "machines" : rate === queue ? "queue" : "account",
    isRecommended: false,
  };
}

function middle({ lowMs, highMs }: EstimateRow): number {
  return (lowMs + highMs) / 2;
}

/** The fewest machines that end in time, by the far end of the range; else the fastest. */
function recommend(rows: readonly EstimateRow[], withinMs: number): EstimateRow | undefined {
  return rows.find(({ highMs }) => highMs <= withinMs) ?? rows.toSorted((a, b) => a.highMs - b.highMs)[0];
}
