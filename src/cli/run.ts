/** `reupload run`: the main job. */
import { rmSync } from "node:fs";
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import { openListing } from "../catalog/listing/listing.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { collect, type Given, keptSettings, resolve, resolveOne } from "../config/config.ts";
import type { RunOptionName, RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { partitionInput } from "../input/partition-input.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import { inspectState } from "../state/sqlite/inspect.ts";
import { openRun } from "../state/sqlite/open-run.ts";
import { checkIdentity } from "../state/sqlite/resume-run.ts";
import type { RunRecord, StateStore } from "../state/state-store.ts";
import { errorMessage } from "../terminal/messages.ts";
import { commandLine } from "../terminal/shell.ts";
import type { Io } from "./io.ts";
import { openLog } from "./log.ts";
import { Reporter } from "./reporter.ts";
import { finishRun, followRun } from "./run-progress.ts";
import { checkInputs } from "./run-inputs.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./stages.ts";
import { listenForStop, type StopSignals } from "./stop-signals.ts";
import { listenForSuspend } from "./suspend.ts";
import { toReuploadError } from "./to-error.ts";

export type RunFlags = Partial<Readonly<Record<RunOptionName, string>>>;

/**
 * Runs or resumes; everything it has to say goes through a reporter.
 *
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  const given = collect(flags, io.env, io.cwd);
  const reporter = new Reporter(io, {
    output: resolveOne(given, "output"),
    quiet: resolveOne(given, "quiet"),
    verbose: resolveOne(given, "verbose"),
    noColor: !resolveOne(given, "color"),
  });
  const stop = listenForStop(resolveOne(given, "grace"), (step, why) => {
    const message =
      step === "drain"
        ? `${why}: files in flight are finished, no new ones are taken; once more stops at once`
        : `${why}: stopping now`;
    reporter.tell({ type: "notice", level: "warning", message });
  });
  const endSuspend = listenForSuspend(() => reporter.suspend());
  try {
    return await new Run(given, io, reporter, stop).execute();
  } catch (thrown) {
    const stopped = stop.stoppedBy();
    if (stopped !== undefined && isStop(thrown, stop)) {
      const message = "stopped before the first file: run the same command again";
      reporter.tell({ type: "notice", level: "warning", message });
      return stopped.exitCode;
    }
    const error = toReuploadError(thrown);
    reporter.tell(errorMessage(error, resolveOne(given, "verbose")));
    return error.exitCode;
  } finally {
    stop.dispose();
    endSuspend();
    reporter.close();
  }
}

function isStop(thrown: unknown, { drain, abort }: StopSignals): boolean {
  return (
    thrown === drain.reason || thrown === abort.reason || (thrown as Error | null)?.name === "AbortError"
  );
}

class Run {
  readonly #given: Given;
  readonly #io: Io;
  readonly #reporter: Reporter;
  readonly #stop: StopSignals;
  /** Ends what comes before the first file. */
  readonly #signal: AbortSignal;

  constructor(given: Given, io: Io, reporter: Reporter, stop: StopSignals) {
    this.#given = given;
    this.#io = io;
    this.#reporter = reporter;
    this.#stop = stop;
    this.#signal = sharedSignal(AbortSignal.any([stop.drain, stop.abort]));
  }

  async execute(): Promise<ExitCode> {
    const logFile = resolveOne(this.#given, "logFile");
    if (logFile !== undefined) this.#reporter.useLog(await openLog(this.#path(logFile)));
    const stateDb = resolveOne(this.#given, "stateDb");
    const found = await inspectState(this.#path(stateDb));
    const resumes = resolveOne(this.#given, "resume");
    if (found !== undefined && !resumes) throw stateExists(found, stateDb);
    const settings = resolve(this.#given, found?.settings ?? {});
    const { csv, files } = await checkInputs(settings, {
      path: (path) => this.#path(path),
      // Kept in the state: it may be gone.
      isCsvNeeded: found === undefined || this.#given.has("csv"),
      signal: this.#signal,
    });
    if (csv === undefined) {
      const message = `the CSV (${settings.csv}) is not at hand: its rows are taken as they stand in the state`;
      this.#reporter.tell({ type: "notice", level: "warning", message });
    }
    const emulator = settings.emulator ? await this.#startEmulator(stateDb) : undefined;
    try {
      return await this.#withTarget(settings, { csv, files, stateDb, found, emulator });
    } finally {
      await emulator?.stop();
    }
  }

  async #startEmulator(stateDb: string): Promise<Emulator> {
    const { startEmulator } = await import("../emulator/emulator.ts");
    const location = `${stem(this.#path(stateDb))}.emulator`;
    const emulator = await startEmulator({ signal: this.#signal, location });
    const message = `storage emulator: ${emulator.blobEndpoint}, its data in ${location}`;
    this.#reporter.tell({ type: "notice", level: "info", message });
    return emulator;
  }

  async #withTarget(settings: RunSettings, start: Start): Promise<ExitCode> {
    const env =
      start.emulator === undefined
        ? this.#io.env
        : { AZURE_STORAGE_CONNECTION_STRING: start.emulator.connectionString };
    // Loaded late, as it takes most of the start: what is wrong before is told without it.
    const stages = await import("./stages.ts");
    const services = new stages.Services(await stages.accountOf(settings, env), settings);
    const identity = stages.identityOf(services.account, settings, start.files);
    if (start.found !== undefined) checkIdentity(start.found, { identity, settings: {} });
    const created = await stages.ensureTarget({
      account: services.account,
      container: settings.targetContainer,
      queue: settings.announce ? settings.queue : undefined,
      createMissing: settings.createMissing || settings.emulator,
      attempts: services.attempts,
      gates: services,
      signal: this.#signal,
    });
    for (const what of created) {
      this.#reporter.tell({ type: "notice", level: "info", message: `created the ${what}` });
    }
    const store = await this.#openStore(settings, start, identity);
    try {
      return await this.#withStore(settings, start, services, store);
    } finally {
      await store.close();
    }
  }

  async #openStore(
    settings: RunSettings,
    { csv, stateDb, found }: Start,
    identity: Omit<RunIdentity, "csvDigest">,
  ): Promise<StateStore> {
    const path = this.#path(stateDb);
    const input =
      csv === undefined
        ? undefined
        : partitionInput({
            source: csv === "-" ? { path: csv, bytes: this.#io.stdin } : { path: csv },
            partition: identity.partition,
            totalPartitions: identity.totalPartitions,
            rejectedPath: `${stem(path)}.rejected.csv`,
            signal: this.#signal,
          });
    return openRun(
      {
        path,
        resume: settings.resume,
        updateCsv: settings.updateCsv,
        retryFailed: settings.retryFailed,
        resumeAdvice: resumeAdvice(stateDb),
      },
      { identity, settings: keptSettings(this.#given, found?.settings ?? {}, (file) => this.#path(file)) },
      input,
      { signal: this.#signal },
    );
  }

  async #withStore(
    settings: RunSettings,
    start: Start,
    services: Services,
    store: StateStore,
  ): Promise<ExitCode> {
    const { transferOf, announcerOf } = await import("./stages.ts");
    const { identity, input, runId, starts } = store.run;
    const catalog = await this.#openCatalog(start, store);
    try {
      this.#reporter.tell({
        type: "run-started",
        runId,
        starts,
        partition: identity.partition,
        totalPartitions: identity.totalPartitions,
        rows: input.rows,
        workItems: input.ours,
        target: identity.target,
        queue: settings.announce ? settings.queue : undefined,
        catalog: catalog.identity,
        stateDb: start.stateDb,
      });
      const abort = sharedSignal(this.#stop.abort);
      const follow = followRun({ store, catalog, services, reporter: this.#reporter, signal: abort });
      const pipeline = startPipeline(
        {
          store,
          catalog,
          transfer: transferOf(services, settings),
          announcer: announcerOf(services, settings),
        },
        {
          ...settings,
          workItemWorkers: settings.workitemWorkers,
          template: parseNameTemplate(settings.nameTemplate),
        },
        { drain: this.#stop.drain, abort, onFile: follow.onFile },
      );
      follow.watch(pipeline.live);
      const outcome = await pipeline.outcome;
      const view = await follow.end();
      return await finishRun({
        outcome,
        view,
        store,
        catalog,
        reporter: this.#reporter,
        stoppedBy: this.#stop.stoppedBy(),
        rejectedFile: `${stem(this.#path(start.stateDb))}.rejected.csv`,
        resumeCommand: resumeCommand(start.stateDb),
        verbose: settings.verbose,
      });
    } finally {
      await catalog.close();
    }
  }

  /** The listing's index lies beside the state, whose lock is held. */
  async #openCatalog(start: Start, store: StateStore): Promise<Catalog> {
    const path = this.#path(start.stateDb);
    try {
      return await openListing({
        path: start.files,
        indexPath: `${stem(path)}.listing-index`,
        rejectedPath: `${stem(path)}.listing-rejected.csv`,
        // While it drains, files in flight may still need fresh links.
        signal: sharedSignal(this.#stop.abort),
      });
    } catch (thrown) {
      if (start.found === undefined) {
        // Nothing was done yet: the corrected command must not meet a run that never began.
        await store.close();
        rmSync(path, { force: true });
      }
      throw thrown;
    }
  }

  #path(path: string): string {
    return isAbsolute(path) ? path : resolvePath(join(this.#io.cwd, path));
  }
}

interface Start {
  readonly csv: string | undefined;
  readonly files: string;
  readonly stateDb: string;
  readonly found: RunRecord | undefined;
  readonly emulator: Emulator | undefined;
}

function stem(path: string): string {
  return path.replace(/\.(?:db|sqlite3?)$/, "");
}

/** The command that goes on with this state; its settings are kept there. */
export function resumeCommand(stateDb: string): string {
  const words = ["reupload", "run", "--resume"];
  return commandLine(stateDb === "reupload_state.db" ? words : [...words, "--state-db", stateDb]);
}

function resumeAdvice(stateDb: string): string {
  return `To continue it: ${resumeCommand(stateDb)} - or give another --state-db to start anew.`;
}

function stateExists(found: RunRecord, stateDb: string): ReuploadError {
  const since = new Date(found.createdAt).toISOString();
  return new ReuploadError("state-exists", `The state ${stateDb} holds a run, started ${since}.`, {
    advice: resumeAdvice(stateDb),
  });
}
