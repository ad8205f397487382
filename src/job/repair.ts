/**
 * Sends the files that a verification found missing or different once more, through a run of their own: the same
 * pipeline, with announcements. Its state begins with a checkpoint in which all other files of the same work items are
 * done, so that exactly those are sent.
 */
import { bitmapWith } from "../core/bitmap.ts";
import { type Checkpoint, type OpenInCheckpoint } from "../core/checkpoint.ts";
import { newCheckpointStates } from "../core/checkpoint-states.ts";
import { CsvDigest } from "../core/csv-digest.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { choosePartition } from "../core/partition.ts";
import { compareKeys, type WorkItem } from "../core/work-item.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { VerifyReport } from "../report/verify-report.ts";
import type { InputReader } from "../state/state-kind.ts";
import { STATES } from "../state/wiring.ts";
import type { CatalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import { type Guard, NO_GUARD } from "./guard.ts";
import { forgetState } from "./leftovers.ts";
import { runPart } from "./run.ts";
import { verifyExitCode } from "./verify-ending.ts";
import type { NotedDamage } from "./verify-journal.ts";

export interface RepairRequest {
  readonly settings: RunSettings;
  readonly catalog: CatalogSource;
  /** When the run that is repaired began, ms since the epoch. */
  readonly began: number;
  readonly damage: AsyncIterable<NotedDamage>;
  /** What the paths of the repair's own states begin with; they are removed once everything was sent. */
  readonly stem: string;
  /** Partition I announces in queue I modulo their number; none: nothing is announced. */
  readonly queues: readonly string[];
  /** Of the run that is repaired. */
  readonly totalPartitions: number;
  /** What the verification told. */
  readonly report: VerifyReport;
  readonly commands: { readonly again: string };
}

/**
 * Different files are sent with `--on-conflict overwrite` alone. What is kept in memory grows with the damaged work
 * items, not with all files.
 *
 * @returns 0 when that mended everything that the report tells; why it was stopped when something was not sent for that
 * @throws as `run`
 */
export async function repairDamage(context: JobContext, request: RepairRequest): Promise<ExitCode> {
  const { settings, report, queues } = request;
  const overwrites = settings.onConflict === "overwrite";
  const damaged = await damageToRepair(request.damage, overwrites);
  const different = overwrites ? 0 : report.files.different;
  const mended = verifyExitCode({ ...report, files: { ...report.files, missing: 0, different } }, undefined);
  const codes: ExitCode[] = [];
  for (const [index, queue] of (queues.length === 0 ? [undefined] : queues).entries()) {
    const own = damaged.filter((one) => queues.length < 2 || queueIndex(one, request) === index);
    if (own.length === 0) continue;
    const stop = context.control.stopRequest;
    const part = { plan: planRepair(own, overwrites), index, queue };
    codes.push(stop === undefined ? await repairPart(context, request, part) : stop.exitCode);
  }
  return codes.find((code) => code !== EXIT.done) ?? mended;
}

function queueIndex({ workItem }: NotedDamage, { queues, totalPartitions }: RepairRequest): number {
  return choosePartition(workItem.workItemId, totalPartitions) % queues.length;
}

/** Where the state of the part is that announces in the queue of this number. */
export function repairState(stem: string, index: number): string {
  return `${stem}.repair${index === 0 ? "" : `-${index}`}.db`;
}

interface RepairPart {
  readonly plan: RepairPlan;
  /** Of the queue. */
  readonly index: number;
  /** undefined: nothing is announced. */
  readonly queue: string | undefined;
}

/** Sends what is to be announced in one queue. */
async function repairPart(
  context: JobContext,
  { settings, catalog, began, stem, commands }: RepairRequest,
  { plan, index, queue }: RepairPart,
): Promise<ExitCode> {
  const stateDb = repairState(stem, index);
  const { length: workItems } = plan.workItems;
  context.notice("info", `sending again: ${plan.files} files of ${workItems} work items`);
  const announced = queue === undefined ? { announce: false } : { announce: true, queue };
  const exitCode = await runPart(context, {
    settings: { ...settings, ...ONE_MACHINE, ...announced, resume: true },
    stateDb,
    found: (await STATES.inspect(stateDb))?.run,
    catalog,
    began,
    input: () => inputOf(plan.workItems),
    kept: {},
    resumeCommand: commands.again,
    guard: guardWith(plan.checkpoint),
    replaces: (blobName) => plan.replaced.has(blobName),
  });
  if (exitCode === EXIT.done) forgetState(stateDb);
  return exitCode;
}

/** What a run's settings say of its share, its machines and its emulator does not hold for the repair. */
const ONE_MACHINE = {
  partition: undefined,
  totalPartitions: undefined,
  emulator: false,
  dryRun: false,
  limit: undefined,
  sample: undefined,
  updateCsv: false,
  maxFailures: undefined,
  announceExisting: "always",
} as const;

interface RepairPlan {
  /** In key order. */
  readonly workItems: readonly WorkItem[];
  readonly checkpoint: Checkpoint;
  readonly replaced: ReadonlySet<string>;
  readonly files: number;
}

/** In key order. */
async function damageToRepair(
  damage: AsyncIterable<NotedDamage>,
  overwrites: boolean,
): Promise<readonly NotedDamage[]> {
  const damaged: NotedDamage[] = [];
  for await (const one of damage) if (one.missing.length > 0 || overwrites) damaged.push(one);
  return damaged.sort((a, b) => compareKeys(a.workItem, b.workItem));
}

/** @param damaged in key order */
function planRepair(damaged: readonly NotedDamage[], overwrites: boolean): RepairPlan {
  const digest = new CsvDigest();
  for (const { workItem } of damaged) digest.add(workItem);
  const open = damaged.map((one, place): OpenInCheckpoint => {
    const sent = new Set(
      overwrites ? [...one.missing, ...one.different.map((each) => each.place)] : one.missing,
    );
    const others = Array.from({ length: one.places }, (_, at) => at).filter((at) => !sent.has(at));
    return { place, receipt: one.receipt, completed: bitmapWith(others) };
  });
  const replaced = overwrites
    ? damaged.flatMap(({ different }) => different.map(({ blobName }) => blobName))
    : [];
  const files = damaged.reduce((sum, { missing }) => sum + missing.length, 0) + replaced.length;
  const rows = { count: damaged.length, digest: digest.toString() };
  return {
    workItems: damaged.map(({ workItem }) => workItem),
    replaced: new Set(replaced),
    files,
    checkpoint: {
      partition: 0,
      epoch: 1,
      rows,
      states: newCheckpointStates(rows.count),
      empty: 0,
      open,
      failures: [],
      files: { total: 0, done: 0, failed: 0, skipped: 0, bytes: 0 },
    },
  };
}

function inputOf(workItems: readonly WorkItem[]): InputReader {
  return {
    async read(take) {
      const digest = new CsvDigest();
      for (const workItem of workItems) digest.add(workItem);
      const ours = take(workItems);
      const counts = { rows: ours, ours, duplicates: 0, rejected: 0, otherPartitions: 0 };
      return { csvDigest: digest.toString(), counts };
    },
  };
}

/** Takes the checkpoint into the state before the first file. */
function guardWith(checkpoint: Checkpoint): Guard {
  return {
    async begin(state, control) {
      await state.queue.admit(checkpoint.partition, checkpoint);
      return NO_GUARD.begin(state, control);
    },
  };
}
