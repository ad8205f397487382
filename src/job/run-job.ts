/** Runs a job: services, target, state, catalog and pipeline, in this order, and what they have to say. */
import type { Catalog } from "../catalog/catalog.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { growYoungHeap } from "./heap.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import type { InputReader } from "../state/state-kind.ts";
import { STATES } from "../state/wiring.ts";
import { checkIdentity, type RunRecord } from "../state/run-record.ts";
import type { OpenState } from "../state/state-kind.ts";
import type { CatalogSource } from "./catalogs.ts";
import { rejectedPath, stateStem } from "../cli/command-files.ts";
import { chooseSlots } from "./limits.ts";
import { finishRun, followRun } from "./follow.ts";
import { drainText, type Session } from "../cli/session.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./services.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** One run as the command line describes it; `run` and `upload` make it. */
export interface RunRequest {
  readonly settings: RunSettings;
  /** As it was given. */
  readonly stateDb: string;
  /** What the state holds already. */
  readonly found: RunRecord | undefined;
  readonly catalog: CatalogSource;
  /** The work items; undefined when they are taken as they stand in the state. */
  readonly input:
    | ((identity: Omit<RunIdentity, "csvDigest">, rejectedPath: string) => InputReader)
    | undefined;
  /** The settings that the state keeps for a resume. */
  readonly kept: Readonly<Record<string, string>>;
  /** The command that goes on with this job. */
  readonly resumeCommand: string;
}

/** @returns the exit code. @throws what ends the job before its first file, or ReuploadError */
export async function runJob(session: Session, job: RunRequest): Promise<ExitCode> {
  if (job.settings.dryRun) {
    const { dryRun } = await import("./dry-run.ts");
    return dryRun(session, job);
  }
  const emulator = job.settings.emulator ? await startEmulator(session, job.stateDb) : undefined;
  try {
    return await new JobRun(session, job, emulator).execute();
  } finally {
    await emulator?.stop();
  }
}

/** The emulator whose data lies beside the state. */
export async function startEmulator(session: Session, stateDb: string): Promise<Emulator> {
  const { startEmulator: start } = await import("../emulator/emulator.ts");
  const location = `${stateStem(session.path(stateDb))}.emulator`;
  const emulator = await start({ surroundings: REAL_SURROUNDINGS, signal: session.signal, location });
  session.notice("info", `storage emulator: ${emulator.blobEndpoint}, its data in ${location}`);
  return emulator;
}

class JobRun {
  readonly #session: Session;
  readonly #job: RunRequest;
  readonly #emulator: Emulator | undefined;
  readonly #statePath: string;

  constructor(session: Session, job: RunRequest, emulator: Emulator | undefined) {
    this.#session = session;
    this.#job = job;
    this.#emulator = emulator;
    this.#statePath = session.path(job.stateDb);
  }

  async execute(): Promise<ExitCode> {
    const { settings, found, catalog } = this.#job;
    const { signal } = this.#session;
    const env =
      this.#emulator === undefined
        ? this.#session.io.env
        : { AZURE_STORAGE_CONNECTION_STRING: this.#emulator.connectionString };
    // Loaded late, as it takes most of the start: what is wrong before is told without it.
    const stages = await import("./services.ts");
    const account = await stages.openAccount(settings, env, this.#session);
    const services = new stages.Services(account, settings, (message) =>
      this.#session.reporter.tell(message),
    );
    const identity = stages.runIdentity(services.account, settings, catalog.identity);
    if (found !== undefined) checkIdentity(found, { identity, settings: {} });
    const created = await stages.ensureTarget({
      client: services.client,
      container: settings.targetContainer,
      queue: settings.announce ? settings.queue : undefined,
      createMissing: settings.createMissing || settings.emulator,
      attempts: services.attempts,
      gates: services,
      signal,
    });
    for (const what of created) this.#session.notice("info", `created the ${what}`);
    const state = await this.#openState(identity);
    try {
      return await this.#withState(services, state);
    } finally {
      await state.close();
    }
  }

  async #openState(identity: Omit<RunIdentity, "csvDigest">): Promise<OpenState> {
    const { settings, input, kept, resumeCommand, stateDb } = this.#job;
    const only = readSelection(settings);
    return STATES.open(
      {
        location: this.#statePath,
        resume: settings.resume,
        updateCsv: settings.updateCsv,
        retryFailed: settings.retryFailed,
        resumeAdvice: resumeAdvice(resumeCommand),
        ...(only === undefined ? {} : { only }),
      },
      { identity, settings: kept },
      input?.(identity, rejectedPath(this.#session.path(stateDb))),
      { signal: this.#session.signal },
    );
  }

  async #withState(services: Services, state: OpenState): Promise<ExitCode> {
    const { buildTransfer, buildAnnouncer } = await import("./services.ts");
    const { settings } = this.#job;
    const { reporter, stop } = this.#session;
    const catalog = await this.#openCatalog(services, state);
    try {
      this.#tellStart(state, catalog);
      const abort = sharedSignal(stop.abort);
      const follow = followRun({ state, services, reporter });
      growYoungHeap(settings.transfer === "stream" || this.#job.catalog.hasLocalFiles ? "passed" : "copied");
      const pipeline = startPipeline(
        {
          surroundings: REAL_SURROUNDINGS,
          state,
          catalog,
          transfer: buildTransfer(services, settings, this.#job.catalog.hasLocalFiles),
          announcer: buildAnnouncer(services, settings),
        },
        {
          ...settings,
          runBegan: state.run.createdAt,
          workItemWorkers: settings.workitemWorkers,
          slots: chooseSlots(settings, services.limits, (message) => reporter.tell(message)),
          template: parseNameTemplate(settings.nameTemplate),
        },
        { drain: stop.drain, abort, onFile: follow.onFile },
      );
      this.#session.finishes(() => drainText(pipeline.live.slotsInUse));
      follow.watch(pipeline.live);
      const outcome = await pipeline.outcome;
      const view = await follow.end();
      return await finishRun({
        outcome,
        view,
        state,
        catalog,
        reporter,
        linksRenewed: pipeline.live.linksRenewed,
        limitedBy: limitedBy(settings),
        stoppedBy: stop.stoppedBy(),
        rejectedFile: rejectedPath(this.#statePath),
        resumeCommand: this.#job.resumeCommand,
        verbose: settings.verbose,
      });
    } finally {
      await catalog.close();
    }
  }

  #tellStart({ run, start }: OpenState, catalog: Catalog): void {
    const { identity, input, runId } = run;
    this.#session.reporter.tell({
      type: "run-started",
      runId,
      starts: start.number,
      partition: identity.partition,
      totalPartitions: identity.totalPartitions,
      rows: input.rows,
      workItems: input.ours,
      target: identity.target,
      queue: this.#job.settings.announce ? identity.queue : undefined,
      catalog: catalog.identity,
      stateDb: this.#job.stateDb,
    });
  }

  /** What belongs to the catalog lies beside the state, whose lock is held. */
  async #openCatalog(services: Services, state: OpenState): Promise<Catalog> {
    try {
      return await this.#job.catalog.open({
        stem: stateStem(this.#statePath),
        services,
        desk: this.#session,
        opening: this.#session.signal,
        // While it drains, files in flight may still need fresh links.
        signal: sharedSignal(this.#session.stop.abort),
      });
    } catch (thrown) {
      if (this.#job.found === undefined) {
        // Nothing was done yet: the corrected command must not meet a run that never began.
        await state.close();
        STATES.discard(this.#statePath);
      }
      throw thrown;
    }
  }
}

/** Which work items alone are to be taken. */
export function readSelection({
  limit,
  sample,
}: RunSettings): { first: number } | { sample: number } | undefined {
  if (limit !== undefined) return { first: limit };
  return sample === undefined ? undefined : { sample };
}

function limitedBy({ limit, sample }: RunSettings): string | undefined {
  if (limit !== undefined) return `--limit ${limit}`;
  return sample === undefined ? undefined : `--sample ${sample}`;
}

/** What to advise when the state holds a run and the command does not resume it. */
export function resumeAdvice(resumeCommand: string): string {
  return `To continue it: ${resumeCommand} - or give another --state-db to start anew.`;
}
