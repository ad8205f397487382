/** `reupload demo`: a realistic run on the storage emulator. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type DemoInput, addMissing, makeDemoInput, noteKept, stopKept } from "../demo/demo.ts";
import { type Emulator, startEmulator } from "../emulator/emulator.ts";
import { createUnlessThere } from "../files/new-file.ts";
import { bytes, count, duration } from "../terminal/format.ts";
import { commandLine } from "../terminal/shell.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { parseWholeNumber } from "./options.ts";
import { run } from "./run.ts";
import type { RunFlags } from "./session.ts";
import { isStop, listenForStop } from "./stop-signals.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** A file that marks a folder as a demo's: another one is not ours to clear. */
const MARKER = ".reupload-demo";

/** 4 x 4 file slots: the emulator is fastest with about 16 requests at once. A real account takes the default 200. */
const WORKERS = "4";

/** Where a demo's data goes unless `--dir` says otherwise; below the working folder. */
const DEMO_FOLDER = "demo-data";

/** How long the end of what is prepared may take after a signal, ms. */
const PREPARATION_GRACE_MS = 10_000;

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
    throw new ReuploadError("usage", "--kusto and --keep exclude each other.", {
      advice: "The stand-in for Kusto ends with the demo; try resume and partitions with --keep alone.",
    });
  }
  const machines = countMachines(options);
  const folder = resolve(io.cwd, options.dir ?? DEMO_FOLDER);
  const stop = listenForStop(
    (why) => printLine(io.stderr, `${why}: the demo is given up, its emulator is stopped`),
    PREPARATION_GRACE_MS,
  );
  const { signal } = stop;
  try {
    if (options.addMissing) {
      await addMissing(REAL_SURROUNDINGS, folder, signal);
      say(io, "The missing blob is there now.");
      return EXIT.done;
    }
    const wasRunning = await stopKept(REAL_SURROUNDINGS, folder, signal);
    if (options.stop) {
      say(
        io,
        wasRunning ? "Stopped the emulator." : `No emulator of a demo in ${shown(io, folder)} was running.`,
      );
      return EXIT.done;
    }
    prepareFolder(folder);
    say(io, "Starting the storage emulator ...");
    const emulator = await startEmulator({ surroundings: REAL_SURROUNDINGS, signal, detached: options.keep });
    let isKept = false;
    try {
      const input = await makeInput(emulator, folder, signal, io);
      if (options.kusto)
        return await runWithKusto(input, emulator, { folder, signal, io, endListening: stop.dispose });
      if (machines !== undefined) {
        const { demoMachines } = await import("./demo-machines.ts");
        return await demoMachines(machines, input, emulator, { flagsFor, folder, signal, io });
      }
      stop.dispose();
      const exitCode = await runOn(input, emulator, folder, options.keep, io);
      isKept = options.keep;
      return exitCode;
    } finally {
      if (!isKept) await emulator.stop();
    }
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

async function makeInput(
  emulator: Emulator,
  folder: string,
  signal: AbortSignal,
  io: Io,
): Promise<DemoInput> {
  const began = io.surroundings.monotonic();
  say(io, "Making about 5,000 source blobs (some 10 s) ...");
  const input = await makeDemoInput({
    surroundings: REAL_SURROUNDINGS,
    connectionString: emulator.connectionString,
    folder,
    signal,
  });
  const took = duration(io.surroundings.monotonic() - began);
  const what = `${count(input.workItems)} work items with ${count(input.files)} files (${bytes(input.bytes)})`;
  say(io, `Made ${what} in ${took}: ${shown(io, input.csvFile)}, ${shown(io, input.listingFile)}`);
  return input;
}

async function runOn(
  input: DemoInput,
  emulator: Emulator,
  folder: string,
  keeps: boolean,
  io: Io,
): Promise<ExitCode> {
  const exitCode = await runAndTell(flagsFor(input, join(folder, "state.db"), io), emulator, io);
  if (keeps) {
    noteKept(folder, emulator, input);
    say(io, nextSteps(input, folder, io));
  } else {
    say(io, "\nNext: npm run demo -- --keep leaves the emulator running, to try resume and two partitions.");
  }
  return exitCode;
}

/** The whole path of an operator whose truth is in Azure Data Explorer. */
async function runWithKusto(
  input: DemoInput,
  emulator: Emulator,
  { folder, signal, io, endListening }: KustoDemo,
): Promise<ExitCode> {
  const { startDemoKusto } = await import("../demo/demo.ts");
  const kusto = await startDemoKusto(REAL_SURROUNDINGS, input, signal);
  try {
    endListening();
    say(io, `Started a stand-in for Azure Data Explorer: ${kusto.cluster}`);
    const place = { kustoCluster: kusto.cluster, kustoDatabase: kusto.database };
    const out = shown(io, input.csvFile);
    const asked = ["failed-since", "--param", kusto.parameter, "--out", out];
    say(io, `\n$ ${commandLine(["reupload", "find", ...asked, ...flagWords(place)])}\n`);
    const { find } = await import("./find.ts");
    const query = { query: "failed-since", text: undefined, parameters: [kusto.parameter], out };
    const found = await find({ ...query, flags: place }, io);
    if (found !== EXIT.done) return found;
    const { files: _listing, ...flags } = flagsFor(input, join(folder, "state.db"), io);
    const exitCode = await runAndTell({ ...flags, ...place, fileSuffix: ".json" }, emulator, io);
    say(io, `\n${count(kusto.queries())} queries in all.`);
    return exitCode;
  } finally {
    await kusto.stop();
  }
}

interface KustoDemo {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly io: Io;
  /** `run` and `find` listen for signals themselves. */
  readonly endListening: () => void;
}

/** Says the command, runs it, and takes the one missing source blob for what it is. */
async function runAndTell(flags: RunFlags, emulator: Emulator, io: Io): Promise<ExitCode> {
  say(io, `\n$ ${demoCommand("reupload", flags)}\n`);
  const env = { ...io.env, AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString };
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
function demoCommand(program: string, flags: RunFlags, more: readonly string[] = []): string {
  return commandLine([...program.split(" "), "run", ...flagWords(flags), ...more, "--create-missing"]);
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
    demoCommand("npx reupload", flagsFor(input, join(folder, `machine${partition + 1}_state.db`), io), [
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
    commandLine([
      ..."npm run demo --".split(" "),
      flag,
      ...(isDefault(folder, io) ? [] : ["--dir", shown(io, folder)]),
    ]);
  const resume = commandLine([
    "npx",
    "reupload",
    "run",
    "--resume",
    "--state-db",
    shown(io, join(folder, "state.db")),
  ]);
  return `
The emulator is still running, the data is in ${shown(io, folder)}. To try next:

  source ${shown(io, join(folder, "env.sh"))}

  # put the missing blob where the listing says, then let resume finish it alone
  ${demoAgain("--add-missing")}
  ${resume}

  # two machines at once, each with its own state (another container and queue, so that there is work)
  ${machine(0)} &
  ${machine(1)}; wait

  # stop the emulator
  ${demoAgain("--stop")}`;
}

function isDefault(folder: string, io: Io): boolean {
  return folder === resolve(io.cwd, DEMO_FOLDER);
}

function prepareFolder(folder: string): void {
  if (existsSync(folder)) {
    if (!existsSync(join(folder, MARKER))) {
      throw new ReuploadError("output-unwritable", `The folder ${folder} is there and not a demo's.`, {
        advice: "Give another one with --dir.",
      });
    }
    rmSync(folder, { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
  createUnlessThere(join(folder, MARKER));
}

function say(io: Io, text: string): void {
  for (const line of text.split("\n")) printLine(io.stdout, line);
}

function shown(io: Io, path: string): string {
  const below = relative(io.cwd, path);
  return below.startsWith("..") ? path : below;
}
