/** `reupload demo`: a realistic run on the storage emulator. */
import { join, relative, resolve } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { addMissing, Demo, type DemoInput, stopKept } from "../job/demo.ts";
import { bytes, count, duration } from "../terminal/format.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { wordCommand } from "./next-command.ts";
import { parseWholeNumber } from "./options.ts";
import { run } from "./run.ts";
import type { RunFlags } from "./session.ts";
import { isStop, listenForStop, type StopSignals } from "./stop-signals.ts";

/** 4 x 4 file slots: the emulator is fastest with about 16 requests at once. A real account takes the default 200. */
const WORKERS = "4";

/** Where a demo's data goes unless `--dir` says otherwise; below the working folder. */
const DEMO_FOLDER = "demo-data";

/** How long the end of what is prepared may take after a signal, ms. */
const PREPARATION_GRACE_MS = 10_000;

/** What is said before each step of the preparation. */
const STEPS = {
  emulator: "Starting the storage emulator ...",
  input: "Making about 5,000 source blobs (some 10 s) ...",
};

export interface DemoOptions {
  readonly keep: boolean;
  readonly addMissing: boolean;
  readonly stop: boolean;
  /** Work items and files come from a stand-in for Azure Data Explorer. */
  readonly kusto: boolean;
  /** So many machines with free partitions, as given. */
  readonly machines: string | undefined;
  /** `--dir` */
  readonly dir: string | undefined;
}

/**
 * Makes the input, runs `reupload run` on it, and says what to try next. Exit code 0 when it went as it should: every
 * file in the target but the one whose source is missing.
 *
 * @throws ReuploadError `emulator-missing`, `output-unwritable`, `usage`
 */
export async function demo(options: DemoOptions, io: Io): Promise<ExitCode> {
  if (options.kusto && options.keep) {
    throw new ReuploadError("usage", "--kusto and --keep cannot be used together.", {
      advice: "The stand-in for Kusto ends with the demo; try resume and partitions with --keep alone.",
    });
  }
  countMachines(options);
  const folder = resolve(io.cwd, options.dir ?? DEMO_FOLDER);
  const stop = listenForStop(
    io,
    (why) => printLine(io.stderr, `${why}: stopping the demo and its emulator`),
    PREPARATION_GRACE_MS,
  );
  try {
    return await demoIn(folder, options, io, stop);
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped === undefined || !isStop(thrown)) throw thrown;
    return stopped.exitCode;
  } finally {
    stop.dispose();
  }
}

function countMachines({ machines, keep, kusto }: DemoOptions): number | undefined {
  if (machines === undefined) return undefined;
  if (keep || kusto) {
    throw new ReuploadError("usage", "--machines goes without --keep and --kusto.", {
      advice: "Try them one after the other.",
    });
  }
  return parseWholeNumber(machines, "--machines", 2, 16);
}

async function demoIn(folder: string, options: DemoOptions, io: Io, stop: StopSignals): Promise<ExitCode> {
  const { signal } = stop;
  const machines = countMachines(options);
  if (options.addMissing) {
    await addMissing(io.surroundings, folder, signal);
    say(io, "The missing blob exists now.");
    return EXIT.done;
  }
  const wasRunning = await stopKept(io.surroundings, folder, signal);
  if (options.stop) {
    const none = `No emulator of a demo in ${shown(io, folder)} was running.`;
    say(io, wasRunning ? "Stopped the emulator." : none);
    return EXIT.done;
  }
  await using made = await prepare(folder, options.keep, io, signal);
  if (options.kusto) return await runWithKusto(made, folder, io, stop);
  if (machines !== undefined) {
    const { demoMachines } = await import("./demo-machines.ts");
    return await demoMachines(machines, made, { flagsFor, folder, signal, io });
  }
  stop.dispose();
  return await runOn(made, folder, options.keep, io);
}

async function prepare(folder: string, mayKeep: boolean, io: Io, signal: AbortSignal): Promise<Demo> {
  const { surroundings } = io;
  let began = 0;
  const onStep = (step: "emulator" | "input"): void => {
    began = surroundings.monotonic();
    say(io, STEPS[step]);
  };
  const made = await Demo.prepare({ surroundings, folder, mayKeep, signal, onStep });
  const took = duration(surroundings.monotonic() - began);
  const { input } = made;
  const what = `${count(input.workItems)} work items with ${count(input.files)} files (${bytes(input.bytes)})`;
  say(io, `Made ${what} in ${took}: ${shown(io, input.csvFile)}, ${shown(io, input.listingFile)}`);
  return made;
}

async function runOn(made: Demo, folder: string, keeps: boolean, io: Io): Promise<ExitCode> {
  const { input } = made;
  const exitCode = await runAndTell(flagsFor(input, join(folder, "state.db"), io), made, io);
  if (keeps) {
    made.keep();
    say(io, nextSteps(input, folder, io));
  } else {
    say(
      io,
      "\nNext: npm run demo -- --keep keeps the emulator running, so that you can try resume and two partitions.",
    );
  }
  return exitCode;
}

/** The whole path of an operator whose truth is in Azure Data Explorer. */
async function runWithKusto(made: Demo, folder: string, io: Io, stop: StopSignals): Promise<ExitCode> {
  const { input } = made;
  const kusto = await made.startKusto();
  try {
    // `find` and `run` listen for signals themselves.
    stop.dispose();
    say(io, `Started a stand-in for Azure Data Explorer: ${kusto.cluster}`);
    const place = { kustoCluster: kusto.cluster, kustoDatabase: kusto.database };
    const out = shown(io, input.csvFile);
    const asked = ["failed-since", "--param", kusto.parameter, "--out", out];
    say(io, `\n$ ${wordCommand(["reupload", "find", ...asked, ...flagWords(place)], io)}\n`);
    const { find } = await import("./find.ts");
    const query = { query: "failed-since", text: undefined, parameters: [kusto.parameter], out };
    const found = await find({ ...query, flags: place }, io);
    if (found !== EXIT.done) return found;
    const { files: _listing, ...flags } = flagsFor(input, join(folder, "state.db"), io);
    const exitCode = await runAndTell({ ...flags, ...place, fileSuffix: ".json" }, made, io);
    say(io, `\n${count(kusto.queries())} queries in all.`);
    return exitCode;
  } finally {
    await kusto.stop();
  }
}

/** Says the command, runs it, and takes the one missing source blob for what it is. */
async function runAndTell(flags: RunFlags, made: Demo, io: Io): Promise<ExitCode> {
  say(io, `\n$ ${demoCommand(io, "reupload", flags)}\n`);
  const env = { ...io.env, AZURE_STORAGE_CONNECTION_STRING: made.connectionString };
  const exitCode = await run({ ...flags, createMissing: "true" }, { ...io, env });
  if (exitCode !== EXIT.finishedWithFailures) return exitCode;
  say(io, "\n(exit code 1: one source blob is missing on purpose)");
  return EXIT.done;
}

function flagsFor(input: DemoInput, state: string, io: Io): RunFlags {
  return {
    csv: shown(io, input.csvFile),
    files: shown(io, input.listingFile),
    stateDb: shown(io, state),
    workitemWorkers: WORKERS,
    fileWorkers: WORKERS,
  };
}

/** The command as a user would type it. */
function demoCommand(io: Io, program: string, flags: RunFlags, more: readonly string[] = []): string {
  return wordCommand([...program.split(" "), "run", ...flagWords(flags), ...more, "--create-missing"], io);
}

function flagWords(flags: RunFlags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ]);
}

/** What can be tried while the emulator runs. */
function nextSteps(input: DemoInput, folder: string, io: Io): string {
  const machine = (partition: number) =>
    demoCommand(io, "npx reupload", flagsFor(input, join(folder, `machine${partition + 1}_state.db`), io), [
      "--partition",
      String(partition),
      "--total-partitions",
      "2",
      "--target-container",
      "results2",
      "--queue",
      "resultsqueue2",
    ]);
  const demoAgain = (flag: string) =>
    wordCommand(
      [..."npm run demo --".split(" "), flag, ...(isDefault(folder, io) ? [] : ["--dir", shown(io, folder)])],
      io,
    );
  const state = shown(io, join(folder, "state.db"));
  const resume = wordCommand(["npx", "reupload", "run", "--resume", "--state-db", state], io);
  return `
The emulator is still running, the data is in ${shown(io, folder)}. To try next:

  source ${shown(io, join(folder, "env.sh"))}

  # add the missing blob to the source, then resume: only this file is left
  ${demoAgain("--add-missing")}
  ${resume}

  # two machines at once, each with its own state (a new container and queue, so that there is work to do)
  ${machine(0)} &
  ${machine(1)}; wait

  # stop the emulator
  ${demoAgain("--stop")}`;
}

function isDefault(folder: string, io: Io): boolean {
  return folder === resolve(io.cwd, DEMO_FOLDER);
}

function say(io: Io, text: string): void {
  for (const line of text.split("\n")) printLine(io.stdout, line);
}

function shown(io: Io, path: string): string {
  const below = relative(io.cwd, path);
  return below.startsWith("..") ? path : below;
}
