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
import { compareKeys, type WorkItem } from "../core/work-item.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { VerifyReport } from "../report/verify-report.ts";
import type { InputReader } from "../state/state-kind.ts";
import { STATES } from "../state/wiring.ts";
import type { CatalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import { type Guard, NO_GUARD } from "./guard.ts";
import { forgetState } from "./leftovers.ts";
import { run } from "./run.ts";
import { verifyExitCode } from "./verify-ending.ts";
import type { NotedDamage } from "./verify-journal.ts";

export interface RepairRequest {
  readonly settings: RunSettings;
  readonly catalog: CatalogSource;
  readonly damage: AsyncIterable<NotedDamage>;
  /** Path of the repair's own state; it is removed once everything was sent. */
  readonly stateDb: string;
  /** What the verification told. */
  readonly report: VerifyReport;
  readonly commands: { readonly again: string };
}

/**
 * Different files are sent with `--on-conflict overwrite` alone. What is kept in memory grows with the damaged work
 * items, not with all files.
 *
 * @returns 0 when that mended everything that the report tells
 * @throws as `run`
 */
export async function repairDamage(context: JobContext, request: RepairRequest): Promise<ExitCode> {
  const { settings, catalog, stateDb, report, commands } = request;
  const overwrites = settings.onConflict === "overwrite";
  const plan = await planRepair(request.damage, overwrites);
  const different = overwrites ? 0 : report.files.different;
  const mended = verifyExitCode({ ...report, files: { ...report.files, missing: 0, different } }, undefined);
  if (plan.files === 0) return mended;
  context.notice("info", `sending ${plan.files} files of ${plan.workItems.length} work items again`);
  const found = (await STATES.inspect(stateDb))?.run;
  const exitCode = await run(context, {
    settings: { ...settings, ...ONE_MACHINE, resume: true },
    stateDb,
    found,
    catalog,
    input: () => inputOf(plan.workItems),
    kept: {},
    resumeCommand: commands.again,
    guard: guardWith(plan.checkpoint),
    replaces: (blobName) => plan.replaced.has(blobName),
  });
  if (exitCode !== EXIT.done) return exitCode;
  forgetState(stateDb);
  return mended;
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

async function planRepair(damage: AsyncIterable<NotedDamage>, overwrites: boolean): Promise<RepairPlan> {
  const damaged: NotedDamage[] = [];
  for await (const one of damage) if (one.missing.length > 0 || overwrites) damaged.push(one);
  damaged.sort((a, b) => compareKeys(a.workItem, b.workItem));
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
