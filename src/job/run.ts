/** Runs: target, state, guard, catalog and pipeline, in this order, and what they have to say. */
import { basename } from "node:path";
import type { Catalog } from "../catalog/catalog.ts";
import { checkResume } from "../config/resume.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { Emulator } from "../emulator/emulator.ts";
import type { OpenControl, OpenState } from "../state/state-kind.ts";
import { rejectedPath, stateStem } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import { finishRun, tellLateStop } from "./ending.ts";
import { followRun } from "./follow.ts";
import { autoGuard, OtherTotal } from "./auto-coordination.ts";
import { coordinationGuard } from "./coordination.ts";
import { type Guard, NO_GUARD } from "./guard.ts";
import { chooseContentWay, growYoungHeap } from "./process.ts";
import { limitedBy, surelyInFlight } from "./limits.ts";
import { openMetrics } from "./metrics.ts";
import { listenToOperator } from "./operator.ts";
import { endAfter } from "./max-duration.ts";
import { notified, type RunEnd } from "./run-ended.ts";
import { steerPipeline } from "./steer-pipeline.ts";
import { ownQueue } from "./own-queue.ts";
import type { RunParts, RunRequest } from "./run-request.ts";
import type { Services } from "./services.ts";
import {
  beginGuarded,
  type CreateMissing,
  openBesideLook,
  openRunState,
  openTarget,
  type OpenTarget,
  prepareTarget,
  type RunInput,
  startRunEmulator,
} from "./start.ts";

/** @returns the exit code. @throws what ends the run before its first file: ReuploadError, StopRequest */
export async function run(context: JobContext, request: RunRequest): Promise<ExitCode> {
  if (request.found !== undefined) checkResume(request.settings, request.found.settings);
  if (request.settings.dryRun) {
    const { dryRun } = await import("./dry-run.ts");
    return dryRun(context, request);
  }
  const endWatch = endAfter(context.surroundings, context.control, request.settings.maxDuration);
  try {
    return await notified(context, request, async () => runToEnd(context, request));
  } finally {
    endWatch();
    context.control.end();
  }
}

async function runToEnd(context: JobContext, request: RunRequest): Promise<RunEnd> {
  const { settings, stateDb } = request;
  const emulator = settings.emulator ? await startRunEmulator(context, stateDb) : undefined;
  try {
    const start = async (one: RunRequest) => execute(context, one, emulator);
    if (settings.canary === undefined && !settings.verify) return await start(request);
    const { runChecked } = await import("./run-checked.ts");
    return await runChecked(context, request, start);
  } finally {
    await emulator?.stop();
  }
}

/** A run whose control others end: there may be several, one after the other. @throws as `run` */
export async function runPart(context: JobContext, request: RunRequest): Promise<ExitCode> {
  return (await execute(context, request, undefined)).exitCode;
}

/** The number of partitions of an auto run is known only once its CSV was read: then it may have to be read again. */
async function execute(
  context: JobContext,
  request: RunRequest,
  emulator: Emulator | undefined,
): Promise<RunEnd> {
  try {
    return await new Run(context, request, emulator).execute();
  } catch (thrown) {
    if (!(thrown instanceof OtherTotal)) throw thrown;
    const { totalPartitions } = thrown;
    const settings = { ...request.settings, totalPartitions };
    const kept = { ...request.kept, totalPartitions: String(totalPartitions) };
    return new Run(context, { ...request, settings, kept }, emulator).execute();
  }
}

class Run {
  readonly #context: JobContext;
  readonly #request: RunRequest;
  readonly #emulator: Emulator | undefined;
  readonly #statePath: string;
  /** Aborts when the run has ended. */
  readonly #ended = new AbortController();
  /** Row hashes of the CSV, once it was read. */
  #sample: readonly string[] = [];

  constructor(context: JobContext, request: RunRequest, emulator: Emulator | undefined) {
    this.#context = context;
    this.#request = request;
    this.#emulator = emulator;
    this.#statePath = context.path(request.stateDb);
  }

  async execute(): Promise<RunEnd> {
    const { settings, found, catalog, input, kept, resumeCommand } = this.#request;
    const target = { settings, found, catalog: catalog.identity, emulator: this.#emulator };
    const opened = await openTarget(this.#context, target);
    const { services, identity } = opened;
    const guard = this.#guard(opened);
    const prepare = async (mayCreate: boolean) =>
      prepareTarget(this.#context, services, {
        settings,
        container: settings.targetContainer,
        queue: ownQueue(settings),
        mayCreate,
      });
    const look = prepare(false);
    const open = async (control: OpenControl) =>
      openRunState(control, identity, {
        settings,
        location: this.#statePath,
        resume: settings.resume,
        kept,
        input: input && ((...given) => this.#watched(input(...given), services, guard)),
        resumeAdvice: resumeAdvice(resumeCommand),
        ...(control.ready !== undefined && { ready: control.ready }),
      });
    try {
      // A state that is there is not touched before the target was seen.
      if (found !== undefined) await look;
      const state = await openBesideLook(this.#context, look, this.#statePath, open);
      try {
        const create = (await look) === "missing" ? async () => prepare(true) : undefined;
        return await this.#withState(services, guard, state, create);
      } finally {
        await state.close();
      }
    } finally {
      this.#ended.abort();
    }
  }

  /** The same input. What others compare of it is kept, and what it tells is used before its state is in its place. */
  #watched(input: RunInput, services: Services, guard: Guard): RunInput {
    return {
      read: async (take) => {
        const read = await input.read(take);
        this.#sample = read.sample ?? [];
        const { signal } = this.#context;
        guard.lookAhead?.(read.csvDigest, AbortSignal.any([signal, this.#ended.signal]));
        if (this.#request.found === undefined) this.#openAhead(services, read.counts.ours);
        return read;
      },
    };
  }

  /** Opens connections, while the run makes ready. @param workItems that are left */
  #openAhead(services: Services, workItems: number): void {
    const { settings } = this.#request;
    const files = surelyInFlight(settings, workItems);
    services.openAhead({ files, withQueue: settings.announce }, this.#ended.signal);
  }

  #guard({ services, identity }: OpenTarget): Guard {
    const { settings, kept, tool, guard } = this.#request;
    if (guard !== undefined) return guard;
    // Of an upload no other machine has a part, and each would leave a record behind for ever.
    if (tool === undefined) return NO_GUARD;
    const csvName = basename(settings.csv ?? "-");
    const coordination = { settings, identity, services, kept, tool, csvName, sample: () => this.#sample };
    if (settings.partition === "auto") return autoGuard(this.#context, coordination);
    return coordinationGuard(this.#context, coordination) ?? NO_GUARD;
  }

  /** @param create creates what is missing in the account */
  async #withState(
    services: Services,
    guard: Guard,
    state: OpenState,
    create: CreateMissing,
  ): Promise<RunEnd> {
    const { pending, in_progress: inProgress } = state.ledger.tally().workItems;
    this.#openAhead(services, pending + inProgress);
    const place = { guard, isNew: this.#request.found === undefined, location: this.#statePath, create };
    const open = async () => this.#openCatalog(services, state);
    const { run: guarded, opened: catalog } = await beginGuarded(this.#context, state, place, open);
    const endListening = listenToOperator({ ...this.#context, state });
    try {
      this.#tellStart(state, catalog);
      return await this.#withCatalog({ services, state, catalog, guarded });
    } finally {
      endListening();
      await guarded.end();
      await catalog.close();
    }
  }

  async #withCatalog(parts: RunParts): Promise<RunEnd> {
    const { services, state, guarded } = parts;
    const { control, reporter } = this.#context;
    const { settings, resumeCommand } = this.#request;
    using metrics = openMetrics(this.#context, this.#request.settings, state.run.identity);
    const follow = followRun({
      ...this.#context,
      state,
      services,
      parts: () => guarded.parts?.(),
      noteFile: (report) => guarded.noteFile?.(report),
      reporter: {
        tell: (message) => reporter.tell(message),
        progress(view) {
          guarded.tellProgress(view);
          metrics.take(view);
          reporter.progress(view);
        },
      },
    });
    growYoungHeap(chooseContentWay(settings.transfer, this.#request.catalog.hasLocalFiles));
    await this.#request.before?.(parts);
    services.beginWork();
    const { startRunPipeline } = await import("./run-pipeline.ts");
    await using started = startRunPipeline(this.#context, this.#request, parts, follow);
    const { pipeline } = started;
    guarded.onChange(() => pipeline.goOn());
    const endSteering = steerPipeline(control, pipeline, services, reporter);
    this.#context.finishes(() => pipeline.live.slotsInUse);
    follow.watch(pipeline.live);
    guarded.useWork?.(parts.catalog, pipeline.live);
    control.begin();
    const worked = await pipeline.outcome;
    endSteering();
    const view = follow.end();
    // What was recorded last must be durable before others are told of it, and before it is counted.
    await state.ledger.committed("now").catch(() => {});
    const last = await guarded.end();
    const unproved = guarded.unproved?.();
    const outcome = unproved === undefined ? worked : ({ kind: "stopped", request: unproved } as const);
    const finished = await finishRun({
      ...parts,
      outcome,
      view,
      reporter,
      linksRenewed: pipeline.live.linksRenewed,
      miscounted: pipeline.live.miscounted,
      limitedBy: limitedBy(settings),
      rejectedFile: rejectedPath(this.#statePath),
      resumeCommand: settings.canary === undefined ? resumeCommand : undefined,
      verbose: settings.verbose,
    });
    if (last !== undefined) reporter.tell(last);
    const checked = await this.#request.check?.(parts, finished.exitCode);
    if (checked !== undefined) state.presence.noteEnding(checked);
    else if (outcome.kind === "finished") tellLateStop(this.#context);
    const end = { ...finished, exitCode: checked?.exitCode ?? finished.exitCode };
    metrics.end(end.exitCode);
    return end;
  }

  #tellStart({ run: record, start }: OpenState, catalog: Catalog): void {
    const { identity, input, runId } = record;
    this.#context.reporter.tell({
      type: "run-started",
      runId,
      starts: start.number,
      partition: identity.partition,
      totalPartitions: identity.totalPartitions,
      rows: input.rows,
      workItems: input.ours,
      target: identity.target,
      queue: ownQueue(this.#request.settings),
      catalog: catalog.identity,
      stateDb: this.#request.stateDb,
    });
  }

  /** What belongs to the catalog lies beside the state, whose lock is held. */
  async #openCatalog(services: Services, { run: { createdAt } }: OpenState): Promise<Catalog> {
    return this.#request.catalog.open({
      stem: stateStem(this.#statePath),
      services,
      began: this.#request.began ?? createdAt,
      prompt: this.#context,
      opening: this.#context.signal,
      // While it drains, files in flight may still need fresh links.
      signal: this.#context.control.aborting,
    });
  }
}

/** What to advise when the state holds a run and the command does not resume it. */
export function resumeAdvice(resumeCommand: string): string {
  return `To continue it: ${resumeCommand} - or give another --state-db to start a new run.`;
}
