/** Makes a new state that knows what states of the original Python tool know; see the room `import`. */
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { UsedFiles } from "../files/overlap.ts";
import type { ImportReport } from "../import/import.ts";
import { importOriginal } from "../import/import-original.ts";
import { partitionInput } from "../input/partition-input.ts";
import type { InputCounts } from "../state/run-record.ts";
import type { OpenState } from "../state/state-kind.ts";
import { checkOriginalStates, readOriginalStates, STATES } from "../state/wiring.ts";
import { type CatalogSource, catalogSource } from "./catalogs.ts";
import { rejectedPath, stateStem } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import { checkCsv } from "./run-inputs.ts";
import type { Services } from "./services.ts";
import type { TargetIdentity } from "./start.ts";

/** Which old states are taken over, and into which run. */
export interface ImportRequest {
  /** Those of the run that goes on. */
  readonly settings: RunSettings;
  /** The settings that the state keeps for a resume. */
  readonly kept: Readonly<Record<string, string>>;
  /** Paths of the old states, as they were given. */
  readonly old: readonly string[];
  /** Called now and then with how many of the CSV's work items are looked at. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What was taken over. */
export interface Imported extends ImportReport {
  /** The rows of the CSV. */
  readonly input: InputCounts;
}

/**
 * Makes the state as a whole, or none: the same command must be able to make it anew.
 *
 * @throws ReuploadError `state-exists`, what is wrong with the CSV, the old states, the catalog or the sign-in; the
 * reason of the context's signal
 */
export async function importState(context: JobContext, request: ImportRequest): Promise<Imported> {
  const { settings } = request;
  const catalog = catalogSource(settings, context.path, context.env);
  const csv = await checkInputs(context, request, catalog);
  // Loaded late, as it takes most of the start: what is wrong before is told without it.
  const wiring = await import("./services.ts");
  const account = await wiring.openAccount(settings, context.env, context);
  const importing: Importing = {
    context,
    request,
    catalog,
    csv,
    services: new wiring.Services(account, settings, context.env),
    identity: wiring.runIdentity(account, settings, catalog.identity),
  };
  using making = await STATES.make(context.path(settings.stateDb));
  const state = await openState(importing, making.location);
  let report: ImportReport;
  try {
    report = await intoState(importing, state);
  } finally {
    // No ending is noted: the run has not begun, and its state is judged by what is in it.
    await state.close();
  }
  making.publish();
  return { ...report, input: state.run.input };
}

/** The files that are read of old states; see `refuseOverlap`. @param path makes a path whole */
export function originalFiles(old: readonly string[], path: (path: string) => string): UsedFiles {
  const paths = old.flatMap((one) => ["", "-wal", "-journal"].map((suffix) => path(one) + suffix));
  return { option: "the import", paths, use: "read" };
}

interface Importing {
  readonly context: JobContext;
  readonly request: ImportRequest;
  readonly catalog: CatalogSource;
  readonly csv: string;
  readonly services: Services;
  readonly identity: TargetIdentity;
}

/** Looks at all that is given before anything is made; gives the CSV. @throws ReuploadError */
async function checkInputs(
  { path, signal }: JobContext,
  { settings, old }: ImportRequest,
  catalog: CatalogSource,
): Promise<string> {
  if ((await STATES.inspect(path(settings.stateDb))) !== undefined) {
    throw new ReuploadError("state-exists", `The state ${settings.stateDb} already holds a run.`, {
      advice: "import-state writes only to a new file: give another path with --state-db.",
    });
  }
  checkOriginalStates(old.map(path));
  const csv = await checkCsv(settings, { path, isNeeded: true, signal });
  await catalog.check();
  return csv ?? "-";
}

async function openState({ context, request, csv, identity }: Importing, making: string): Promise<OpenState> {
  const { path, stdin, signal } = context;
  return STATES.open(
    { location: making, resume: false, updateCsv: false, retryFailed: "all" },
    { identity, settings: request.kept },
    partitionInput({
      source: csv === "-" ? { path: csv, bytes: stdin } : { path: csv },
      partition: identity.partition,
      totalPartitions: identity.totalPartitions,
      rejectedPath: rejectedPath(path(request.settings.stateDb)),
      warn: (message) => context.notice("warning", message),
      signal,
    }),
    { signal },
  );
}

/** Told this often, in ms. */
const TELL_MS = 10_000;

async function intoState(importing: Importing, state: OpenState): Promise<ImportReport> {
  const { context, request, services, identity } = importing;
  const { surroundings, path, signal } = context;
  const { settings, old } = request;
  const stem = stateStem(path(settings.stateDb));
  const original = await readOriginalStates(old.map(path), identity, { scratch: `${stem}.import`, signal });
  try {
    const catalog = await importing.catalog.open({
      stem,
      services,
      began: state.run.createdAt,
      prompt: context,
      opening: signal,
      signal,
    });
    try {
      let told = surroundings.monotonic();
      return await importOriginal(
        { original, catalog, state },
        { ...settings, template: parseNameTemplate(settings.nameTemplate) },
        {
          signal,
          onProgress: (done) => {
            if (surroundings.monotonic() - told < TELL_MS) return;
            told = surroundings.monotonic();
            request.onProgress(done, state.run.input.ours);
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
