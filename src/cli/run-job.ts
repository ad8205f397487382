/** Runs a job: services, target, state, catalog and pipeline, in this order, and what they have to say. */
import { rmSync } from "node:fs";
import type { Catalog } from "../catalog/catalog.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { growYoungHeap } from "./heap.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import type { InputReader } from "../state/open-run.ts";
import { openRun } from "../state/sqlite/open-run.ts";
import { checkIdentity } from "../state/sqlite/resume-run.ts";
import type { RunRecord, StateStore } from "../state/state-store.ts";
import type { CatalogSource } from "./catalogs.ts";
import { slotsOf } from "./limits.ts";
import { finishRun, followRun } from "./run-progress.ts";
import type { Session } from "./session.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./stages.ts";

/** One run as the command line describes it; `run` and `upload` make it. */
export interface Job {
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
export async function runJob(session: Session, job: Job): Promise<ExitCode> {
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
  const location = `${stemOf(session.path(stateDb))}.emulator`;
  const emulator = await start({ signal: session.signal, location });
  session.notice("info", `storage emulator: ${emulator.blobEndpoint}, its data in ${location}`);
  return emulator;
}

class JobRun {
  readonly #session: Session;
  readonly #job: Job;
  readonly #emulator: Emulator | undefined;
  readonly #statePath: string;

  constructor(session: Session, job: Job, emulator: Emulator | undefined) {
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
    const stages = await import("./stages.ts");
    const account = await stages.accountOf(settings, env, this.#session);
    const services = new stages.Services(account, settings, (message) =>
      this.#session.reporter.tell(message),
    );
    const identity = stages.identityOf(services.account, settings, catalog.identity);
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
    const store = await this.#openStore(identity);
    try {
      return await this.#withStore(services, store);
    } finally {
      await store.close();
    }
  }

  async #openStore(identity: Omit<RunIdentity, "csvDigest">): Promise<StateStore> {
    const { settings, input, kept, resumeCommand, stateDb } = this.#job;
    const only = onlyOf(settings);
    return openRun(
      {
        path: this.#statePath,
        resume: settings.resume,
        updateCsv: settings.updateCsv,
        retryFailed: settings.retryFailed,
        resumeAdvice: resumeAdvice(resumeCommand),
        ...(only === undefined ? {} : { only }),
      },
      { identity, settings: kept },
      input?.(identity, rejectedPathOf(this.#session.path(stateDb))),
      { signal: this.#session.signal },
    );
  }

  async #withStore(services: Services, store: StateStore): Promise<ExitCode> {
    const { transferOf, announcerOf } = await import("./stages.ts");
    const { settings } = this.#job;
    const { reporter, stop } = this.#session;
    const catalog = await this.#openCatalog(services, store);
    try {
      this.#tellStart(store, catalog);
      const abort = sharedSignal(stop.abort);
      const follow = followRun({ store, services, reporter });
      growYoungHeap(settings.transfer === "stream" || this.#job.catalog.hasLocalFiles ? "passed" : "copied");
      const pipeline = startPipeline(
        {
          store,
          catalog,
          transfer: transferOf(services, settings, this.#job.catalog.hasLocalFiles),
          announcer: announcerOf(services, settings),
        },
        {
          ...settings,
          workItemWorkers: settings.workitemWorkers,
          slots: slotsOf(settings, services.limits, (message) => reporter.tell(message)),
          template: parseNameTemplate(settings.nameTemplate),
        },
        { drain: stop.drain, abort, onFile: follow.onFile },
      );
      follow.watch(pipeline.live);
      const outcome = await pipeline.outcome;
      const view = await follow.end();
      return await finishRun({
        outcome,
        view,
        store,
        catalog,
        reporter,
        linksRenewed: pipeline.live.linksRenewed,
        miscounted: pipeline.live.miscounted,
        limitedBy: limitedBy(settings),
        stoppedBy: stop.stoppedBy(),
        rejectedFile: rejectedPathOf(this.#statePath),
        resumeCommand: this.#job.resumeCommand,
        verbose: settings.verbose,
      });
    } finally {
      await catalog.close();
    }
  }

  #tellStart(store: StateStore, catalog: Catalog): void {
    const { identity, input, runId, starts } = store.run;
    this.#session.reporter.tell({
      type: "run-started",
      runId,
      starts,
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
  async #openCatalog(services: Services, store: StateStore): Promise<Catalog> {
    try {
      return await this.#job.catalog.open({
        stem: stemOf(this.#statePath),
        services,
        desk: this.#session,
        // While it drains, files in flight may still need fresh links.
        signal: sharedSignal(this.#session.stop.abort),
      });
    } catch (thrown) {
      if (this.#job.found === undefined) {
        // Nothing was done yet: the corrected command must not meet a run that never began.
        await store.close();
        rmSync(this.#statePath, { force: true });
      }
      throw thrown;
    }
  }
}

/** Which work items alone are to be taken. */
export function onlyOf({ limit, sample }: RunSettings): { first: number } | { sample: number } | undefined {
  if (limit !== undefined) return { first: limit };
  return sample === undefined ? undefined : { sample };
}

function limitedBy({ limit, sample }: RunSettings): string | undefined {
  if (limit !== undefined) return `--limit ${limit}`;
  return sample === undefined ? undefined : `--sample ${sample}`;
}

/** The state's path without its ending: what files that belong to it begin with. */
export function stemOf(statePath: string): string {
  return statePath.replace(/\.(?:db|sqlite3?)$/, "");
}

export function rejectedPathOf(statePath: string): string {
  return `${stemOf(statePath)}.rejected.csv`;
}

/** What to advise when the state holds a run and the command does not resume it. */
export function resumeAdvice(resumeCommand: string): string {
  return `To continue it: ${resumeCommand} - or give another --state-db to start anew.`;
}
