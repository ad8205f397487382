/** `reupload import-state`: a new state that knows what states of the original Python tool know. */
import { keptSettings, resolve } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { redact } from "../core/secret.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { ImportReport } from "../import/import.ts";
import { importOriginal } from "../import/import-original.ts";
import { partitionInput } from "../input/partition-input.ts";
import { checkOriginalStates, readOriginalStates } from "../state/original/read-original-states.ts";
import { inspectState } from "../state/sqlite/inspect.ts";
import { openRun } from "../state/sqlite/open-run.ts";
import { removeState } from "../state/sqlite/state-files.ts";
import type { InputCounts, StateStore } from "../state/state-store.ts";
import { count } from "../terminal/format.ts";
import { type CatalogSource, catalogSource } from "./catalogs.ts";
import { importJson, importText } from "./import-text.ts";
import { type Io, writeLines } from "./io.ts";
import { refuseOwnInput } from "./own-inputs.ts";
import { resumeCommand } from "./run.ts";
import { checkCsv } from "./run-inputs.ts";
import { rejectedPathOf, stemOf } from "./run-job.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import type { Services } from "./stages.ts";

/**
 * @param old paths of the old states
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function importState(old: readonly string[], flags: RunFlags, io: Io): Promise<ExitCode> {
  return inSession(flags, io, async (session) => {
    const settings = resolve(session.given, {});
    const catalog = catalogSource(settings, (path) => session.path(path), io.env);
    const csv = await checkInputs(session, settings, catalog, old);
    const stages = await import("./stages.ts");
    const account = await stages.accountOf(settings, io.env, session);
    const importing: Importing = {
      session,
      settings,
      catalog,
      old: old.map((path) => session.path(path)),
      csv,
      services: new stages.Services(account, settings),
      identity: stages.identityOf(account, settings, catalog.identity),
    };
    const store = await openStore(importing);
    const report = await intoStore(importing, store).catch(async (thrown: unknown) => {
      // Nothing was copied with it: the same command must be able to make it anew.
      await store.close();
      removeState(session.path(settings.stateDb));
      throw thrown;
    });
    // No ending is noted: the run has not begun, and its state is judged by what is in it.
    await store.close();
    return tell(importing, store.run.input, report);
  });
}

interface Importing {
  readonly session: Session;
  readonly settings: RunSettings;
  readonly catalog: CatalogSource;
  /** Whole. */
  readonly old: readonly string[];
  readonly csv: string;
  readonly services: Services;
  readonly identity: Omit<RunIdentity, "csvDigest">;
}

/** Looks at all that is given before anything is made; gives the CSV. @throws ReuploadError */
async function checkInputs(
  session: Session,
  settings: RunSettings,
  catalog: CatalogSource,
  old: readonly string[],
): Promise<string> {
  const path = (given: string) => session.path(given);
  refuseOwnInput("--state-db", path(settings.stateDb), { states: old.map(path), files: [] });
  if ((await inspectState(path(settings.stateDb))) !== undefined) {
    throw new ReuploadError("state-exists", `${settings.stateDb} holds a run already.`, {
      advice: "A state is imported into a new file only: give another path with --state-db.",
    });
  }
  checkOriginalStates(old.map(path));
  const csv = await checkCsv(settings, { path, isNeeded: true, signal: session.signal });
  await catalog.check();
  return csv ?? "-";
}

async function openStore({ session, settings, csv, identity }: Importing): Promise<StateStore> {
  const { given, io, signal } = session;
  const statePath = session.path(settings.stateDb);
  return openRun(
    { path: statePath, resume: false, updateCsv: false, retryFailed: "all" },
    { identity, settings: keptSettings(given, {}, (path) => session.path(path)) },
    partitionInput({
      source: csv === "-" ? { path: csv, bytes: io.stdin } : { path: csv },
      partition: identity.partition,
      totalPartitions: identity.totalPartitions,
      rejectedPath: rejectedPathOf(statePath),
      warn: (message) => session.notice("warning", message),
      signal,
    }),
    { signal },
  );
}

/** Told this often, in ms. */
const TELL_MS = 10_000;

async function intoStore(importing: Importing, store: StateStore): Promise<ImportReport> {
  const { session, settings, services, identity } = importing;
  const { signal } = session;
  const stem = stemOf(session.path(settings.stateDb));
  const original = await readOriginalStates(importing.old, identity, { scratch: `${stem}.import`, signal });
  try {
    const catalog = await importing.catalog.open({ stem, services, desk: session, signal });
    try {
      let told = performance.now();
      return await importOriginal(
        { original, catalog, store },
        { ...settings, template: parseNameTemplate(settings.nameTemplate) },
        {
          signal,
          onProgress: (done) => {
            if (performance.now() - told < TELL_MS) return;
            told = performance.now();
            session.notice("info", `${count(done)} of ${count(store.run.input.ours)} work items looked at`);
          },
        },
      );
    } finally {
      await catalog.close();
    }
  } finally {
    await original.close();
  }
}

async function tell(
  { session, settings }: Importing,
  input: InputCounts,
  report: ImportReport,
): Promise<ExitCode> {
  const next = resumeCommand(settings.stateDb);
  await writeLines(
    session.io,
    settings.output === "json"
      ? [importJson(report, input, next)]
      : importText(report, input, next).map((line) => redact(line)),
  );
  return input.rejected > 0 || report.workItems.lookupsFailed > 0 ? EXIT.finishedWithFailures : EXIT.done;
}
