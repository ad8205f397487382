/** What an estimate needs: the CSV's work items, how they divide, and the rate of one machine. */
import { ReuploadError } from "../core/errors.ts";
import { choosePartition } from "../core/partition.ts";
import { estimate, NIGHT_MS } from "../progress/estimate.ts";
import type { EstimateReport } from "../report/estimate-report.ts";
import type { StateReading } from "../state/state-reader.ts";
import { STATES } from "../state/wiring.ts";
import { FILES_A_WORK_ITEM } from "./assumed-files.ts";
import { distribute } from "./distribution.ts";
import { absolutePath } from "./states.ts";

/** Numbers of machines that are compared, besides the one that is asked for. */
const MACHINES = [1, 2, 4, 8, 16];
/** A start that worked shorter than this says little of a rate, ms. */
const LEAST_MS = 5_000;

/** As the operator gives it. */
export interface GivenRate {
  readonly amount: number;
  readonly unit: "files/s" | "work items/min";
}

/** Files/s of one machine, and what else is known of the work. */
export interface MeasuredRate {
  readonly filesPerSecond: number;
  readonly from: string;
  readonly filesPerWorkItem?: number | undefined;
  readonly slots?: number | undefined;
}

export interface EstimateRequest {
  readonly csv: string;
  /** Asked for. */
  readonly machines: number | undefined;
  /** As given, the state of a run whose rate is taken, or measured just now. */
  readonly rate: GivenRate | { readonly stateDb: string } | MeasuredRate;
  readonly filesPerWorkItem: number | undefined;
  readonly queues: number;
  readonly withinMs: number | undefined;
  /** Of an older tool, to compare with. */
  readonly olderRate: GivenRate | undefined;
}

/** Reads the CSV once, and counts its work items by each number of machines. @throws ReuploadError */
export async function estimateRun(
  { csv, machines, rate: given, queues, withinMs = NIGHT_MS, olderRate, ...request }: EstimateRequest,
  place: Parameters<typeof distribute>[1] & Parameters<typeof absolutePath>[1],
): Promise<EstimateReport> {
  const numbers = [...new Set([...MACHINES, machines ?? 1])];
  const counts = new Map(numbers.map((n) => [n, new Uint32Array(n)] as const));
  const { total } = await distribute({ csv, total: 1 }, place, async (items) => {
    for (const { workItem } of items) {
      for (const [n, partitions] of counts) {
        const partition = choosePartition(workItem.workItemId, n);
        partitions[partition] = (partitions[partition] ?? 0) + 1;
      }
    }
  });
  const measured = await measuredRate(given, place);
  const known = request.filesPerWorkItem ?? measured?.filesPerWorkItem;
  const each = known ?? FILES_A_WORK_ITEM;
  const rate = measured ?? { filesPerSecond: inFiles(given as GivenRate, each), from: "--rate" };
  const shares = [...counts].map(([n, partitions]) => ({
    machines: n,
    largest: Math.max(...partitions) / Math.max(1, total),
  }));
  const { filesPerSecond } = rate;
  return {
    workItems: total,
    filesPerWorkItem: each,
    isFilesAssumed: known === undefined,
    filesPerSecond,
    rateFrom: rate.from,
    slots: measured?.slots,
    withinMs,
    rows: estimate({ files: total * each, filesPerSecond, queues, shares, withinMs, atLeast: machines ?? 1 }),
    olderFilesPerSecond: olderRate === undefined ? undefined : inFiles(olderRate, each),
  };
}

async function measuredRate(
  rate: EstimateRequest["rate"],
  place: Parameters<typeof absolutePath>[1],
): Promise<MeasuredRate | undefined> {
  if ("stateDb" in rate) return rateOfState(rate.stateDb, place);
  return "filesPerSecond" in rate ? rate : undefined;
}

/** Files/s. */
function inFiles({ amount, unit }: GivenRate, filesPerWorkItem: number): number {
  return unit === "files/s" ? amount : (amount * filesPerWorkItem) / 60;
}

/**
 * The rate of a run whose state is at hand.
 *
 * @throws ReuploadError `usage` when the state says too little; those of `StateKind.read`
 */
async function rateOfState(
  stateDb: string,
  place: Parameters<typeof absolutePath>[1],
): Promise<MeasuredRate> {
  const reader = await STATES.read(absolutePath(stateDb, place));
  try {
    return rateOf(stateDb, await reader.read());
  } finally {
    reader.close();
  }
}

function rateOf(stateDb: string, { run, starts, summary, writer }: StateReading): MeasuredRate {
  const { copied, alreadyThere, total } = summary.files;
  const end = writer.kind === "running" ? writer.heartbeat?.at : writer.at;
  const began = writer.kind === "running" ? writer.since : run.createdAt;
  const ms = (end ?? 0) - began;
  const ended = copied + alreadyThere;
  if (starts > 1 || ms < LEAST_MS || ended === 0) {
    const why =
      starts > 1
        ? `it was started ${starts} times, and the time between the starts is not known`
        : "it worked for less than 5 s or copied no file";
    throw new ReuploadError("usage", `The state ${stateDb} tells no rate: ${why}.`, {
      advice: "Give the rate of one machine with --rate, such as --rate 150/s.",
    });
  }
  const { completed, failed } = summary.workItems;
  const lookedUp = completed + failed;
  const slots = writer.kind === "running" ? writer.heartbeat?.slots : undefined;
  return {
    filesPerSecond: ended / (ms / 1000),
    from: stateDb,
    slots,
    filesPerWorkItem: lookedUp === 0 ? undefined : total / (lookedUp + summary.workItems.in_progress),
  };
}
