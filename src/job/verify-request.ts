/** What `verify` is asked for, from options and states: settings, CSV, catalog; looked at before any service is asked. */
import { type Given, resolve, resolveOne } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { PartSize } from "../config/values.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { UsedFiles } from "../files/overlap.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { catalogSource } from "./catalogs.ts";
import { commandFiles } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import { checkCsv } from "./run-inputs.ts";
import { OpenStates, type Place } from "./states.ts";
import { verify, type VerifyRequest } from "./verify.ts";

/** The own options of `verify`. */
export interface VerifyArguments {
  /** As given; none proves the target against the catalog alone. */
  readonly stateDbs: readonly string[];
  readonly deep: boolean;
  readonly sample: PartSize | undefined;
  readonly repair: boolean;
  readonly restart: boolean;
  /** As given. */
  readonly exportMissing: string | undefined;
}

/** A file that takes its place when it is published. */
export interface Output extends AsyncDisposable {
  write(text: string): Promise<void>;
  publish(): Promise<void>;
}

export interface VerifyCommand {
  /** Options of `run`; what is not given comes from the first state. */
  readonly given: Given;
  readonly own: VerifyArguments;
  readonly place: Place;
  readonly commands: VerifyRequest["commands"];
  /** @param companions what may follow the path of a state in the names of files that belong to it */
  readonly openOutput: (out: string, companions: readonly string[]) => Promise<Output>;
}

/**
 * Verifies what options and states name. The export takes its place when the verification came to its end.
 *
 * @returns as `verify`
 * @throws ReuploadError `usage`, `bad-option`, `csv-unreadable`, `csv-invalid`, those of the states, and as `verify`
 */
export async function verifyTarget(context: JobContext, command: VerifyCommand): Promise<ExitCode> {
  const { own, place, openOutput, commands } = command;
  const { stateDbs, exportMissing } = own;
  if (exportMissing === "-") throw noExport();
  using states = stateDbs.length === 0 ? undefined : await OpenStates.open(stateDbs, place);
  const request = await describe(context, command, states);
  await using output =
    exportMissing === undefined ? undefined : await openOutput(exportMissing, STATE_COMPANION_ENDINGS);
  let isWritten = false;
  const write =
    output &&
    (async (text: string) => {
      isWritten = true;
      await output.write(text);
    });
  const exitCode = await verify(context, { ...request, commands, exportMissing: write });
  // It was written when the verification had come to its end, whatever was stopped afterwards.
  if (isWritten || context.control.stopRequest === undefined) await output?.publish();
  return exitCode;
}

async function describe(
  { path, env, signal, surroundings }: JobContext,
  { given, own }: VerifyCommand,
  states: OpenStates | undefined,
): Promise<Omit<VerifyRequest, "exportMissing" | "commands">> {
  const run = (await states?.read())?.[0]?.reading.run;
  const settings = resolve(given, run?.settings ?? {});
  if (run === undefined) checkMoments(settings);
  const csv = await checkCsv(settings, { path, isNeeded: true, signal });
  if (csv === "-" || csv === undefined) throw readTwice();
  const catalog = catalogSource(settings, path, env);
  await catalog.check();
  const { deep, sample, repair, restart } = own;
  if (sample !== undefined && repair) throw sampleRepaired();
  const stateDb = own.stateDbs[0] ?? settings.stateDb;
  const isQueueGiven = given.has("queue") || given.has("announce");
  const began = run?.createdAt ?? surroundings.wall();
  return { settings, csv, catalog, began, states, stateDb, deep, sample, repair, restart, isQueueGiven };
}

/** When the run began stands in its state alone. @throws ReuploadError `bad-option` */
function checkMoments({ newerThan, olderThan }: RunSettings): void {
  for (const [flag, moment] of [
    ["--newer-than", newerThan],
    ["--older-than", olderThan],
  ] as const) {
    if (moment?.kind !== "ago") continue;
    const message = `${flag} counts back from the begin of the run, which only its state tells.`;
    throw new ReuploadError("bad-option", message, {
      advice: "Give the state with --state-db, or a moment such as 2026-11-01T08:00Z.",
    });
  }
}

/** The files that the options name. */
export function verifyFiles(
  given: Given,
  path: (path: string) => string,
  { stateDbs = [], exportMissing }: Partial<Pick<VerifyArguments, "stateDbs" | "exportMissing">> = {},
): readonly UsedFiles[] {
  const named = {
    csv: resolveOne(given, "csv"),
    files: resolveOne(given, "files"),
    kustoQuery: resolveOne(given, "kustoQuery"),
    config: resolveOne(given, "config"),
  };
  const states = stateDbs.flatMap((one) => STATES.files(path(one)));
  return [
    ...commandFiles(named, path),
    { option: "--state-db", paths: states, use: "read" },
    ...(exportMissing === undefined || exportMissing === "-"
      ? []
      : [{ option: "--export-missing", paths: [path(exportMissing)], use: "written" } as const]),
  ];
}

function readTwice(): ReuploadError {
  return new ReuploadError("usage", "verify reads the CSV twice, which it cannot from standard input.", {
    advice: "Save it to a file, and give that with --csv.",
  });
}

function noExport(): ReuploadError {
  return new ReuploadError(
    "bad-option",
    "--export-missing needs a file: the summary goes to standard output.",
    {
      advice: "Give the path of a file.",
    },
  );
}

function sampleRepaired(): ReuploadError {
  return new ReuploadError("bad-option", "--sample looks at some files only, so it repairs nothing.", {
    advice: "Omit --sample or --repair.",
  });
}
