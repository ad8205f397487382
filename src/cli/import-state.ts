/** `reupload import-state`: a new state that knows what states of the original Python tool know. */
import { keptSettings, resolve } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { ImportReport } from "../import/import.ts";
import type { UsedFiles } from "../files/overlap.ts";
import { importOriginal } from "../import/import-original.ts";
import { partitionInput } from "../input/partition-input.ts";
import type { InputCounts } from "../state/run-record.ts";
import type { OpenState } from "../state/state-kind.ts";
import { checkOriginalStates, readOriginalStates, STATES } from "../state/wiring.ts";
import { count } from "../terminal/format.ts";
import { type CatalogSource, catalogSource } from "../job/catalogs.ts";
import { importJson, importText } from "./import-text.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { rejectedPath, stateStem } from "../job/command-files.ts";
import { resumeCommand, runFiles } from "./run.ts";
import { checkCsv } from "../job/run-inputs.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";
import type { Services } from "../job/services.ts";

/**
 * @param old paths of the old states
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function importState(old: readonly string[], flags: RunFlags, io: Io): Promise<ExitCode> {
  return inSession(
    flags,
    io,
    async (session) => {
      const settings = resolve(session.given, {});
      const catalog = catalogSource(settings, (path) => session.path(path), io.env);
      const csv = await checkInputs(session, settings, catalog, old);
      const stages = await import("../job/services.ts");
      const account = await stages.openAccount(settings, io.env, session);
      const importing: Importing = {
        session,
        settings,
        catalog,
        old: old.map((path) => session.path(path)),
        csv,
        services: new stages.Services(account, settings),
        identity: stages.runIdentity(account, settings, catalog.identity),
      };
      // Whole or not at all: the same command must be able to make it anew.
      using making = await STATES.make(session.path(settings.stateDb));
      const state = await openState(importing, making.location);
      let report: ImportReport;
      try {
        report = await intoState(importing, state);
      } finally {
        // No ending is noted: the run has not begun, and its state is judged by what is in it.
        await state.close();
      }
      making.publish();
      return tell(importing, state.run.input, report);
    },
    { words: WORDS, files: (given, path) => [...runFiles(given, path), oldFiles(old, path)] },
  );
}

function oldFiles(old: readonly string[], path: (path: string) => string): UsedFiles {
  const paths = old.flatMap((one) => ["", "-wal", "-journal"].map((suffix) => path(one) + suffix));
  return { option: "the import", paths, use: "read" };
}

const WORDS: StopWords = {
  stops: "the import is given up",
  left: "stopped: nothing is imported, and no state is left; run the same command again",
};

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
  if ((await STATES.inspect(path(settings.stateDb))) !== undefined) {
    throw new ReuploadError("state-exists", `${settings.stateDb} holds a run already.`, {
      advice: "A state is imported into a new file only: give another path with --state-db.",
    });
  }
  checkOriginalStates(old.map(path));
  const csv = await checkCsv(settings, { path, isNeeded: true, signal: session.signal });
  await catalog.check();
  return csv ?? "-";
}

async function openState(
  { session, settings, csv, identity }: Importing,
  making: string,
): Promise<OpenState> {
  const { given, io, signal } = session;
  const statePath = session.path(settings.stateDb);
  return STATES.open(
    { location: making, resume: false, updateCsv: false, retryFailed: "all" },
    { identity, settings: keptSettings(given, {}, (path) => session.path(path)) },
    partitionInput({
      source: csv === "-" ? { path: csv, bytes: io.stdin } : { path: csv },
      partition: identity.partition,
      totalPartitions: identity.totalPartitions,
      rejectedPath: rejectedPath(statePath),
      warn: (message) => session.notice("warning", message),
      signal,
    }),
    { signal },
  );
}

/** Told this often, in ms. */
const TELL_MS = 10_000;

async function intoState(importing: Importing, state: OpenState): Promise<ImportReport> {
  const { session, settings, services, identity } = importing;
  const { signal } = session;
  const stem = stateStem(session.path(settings.stateDb));
  const original = await readOriginalStates(importing.old, identity, { scratch: `${stem}.import`, signal });
  try {
    const catalog = await importing.catalog.open({
      stem,
      services,
      prompt: session,
      opening: signal,
      signal,
    });
    try {
      let told = session.surroundings.monotonic();
      return await importOriginal(
        { original, catalog, state },
        { ...settings, template: parseNameTemplate(settings.nameTemplate) },
        {
          signal,
          onProgress: (done) => {
            if (session.surroundings.monotonic() - told < TELL_MS) return;
            told = session.surroundings.monotonic();
            session.notice("info", `${count(done)} of ${count(state.run.input.ours)} work items looked at`);
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
  if (settings.output === "json") await writeLines(session.io, [importJson(report, input, next)]);
  else await printLines(session.io, importText(report, input, next));
  const isWhole = input.rejected === 0 && report.workItems.lookupsFailed === 0 && report.doubts.length === 0;
  return isWhole ? EXIT.done : EXIT.finishedWithFailures;
}
