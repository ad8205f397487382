/** `reupload demo`: a realistic run on the storage emulator. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type DemoInput, makeDemoInput } from "../emulator/demo-input.ts";
import { type Emulator, startEmulator } from "../emulator/emulator.ts";
import { bytes, count, duration } from "../terminal/format.ts";
import { commandLine } from "../terminal/shell.ts";
import type { Io } from "./io.ts";
import { run } from "./run.ts";

/** Files that a demo leaves in its folder; a folder with others in it is not ours to clear. */
const MARKER = ".reupload-demo";

/**
 * Makes the input, runs `reupload run` on it, and says what to try next. Exit code 0 when it went as it should: every
 * file in the target but the one whose source is missing.
 *
 * @throws ReuploadError `emulator-missing`, `output-unwritable`
 */
export async function demo(options: { keep: boolean; folder: string }, io: Io): Promise<ExitCode> {
  const folder = resolve(io.cwd, options.folder);
  prepareFolder(folder);
  const say = (text: string) => void io.stdout.write(`${text}\n`);
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Error("stopped by Ctrl+C"));
  process.once("SIGINT", interrupt);
  say("Starting the storage emulator ...");
  const emulator = await startEmulator({ signal: stop.signal, detached: options.keep });
  try {
    const began = performance.now();
    const input = await makeDemoInput({
      connectionString: emulator.connectionString,
      folder,
      signal: stop.signal,
    });
    process.off("SIGINT", interrupt);
    say(
      `Made ${count(input.workItems)} work items with ${count(input.files)} files (${bytes(input.bytes)}) in ${duration(performance.now() - began)}: ${shown(io, input.csvFile)}, ${shown(io, input.listingFile)}`,
    );
    const words = runWords(io, input, folder);
    say(`\n$ ${commandLine(words)}\n`);
    const exitCode = await run(
      {
        csv: input.csvFile,
        files: input.listingFile,
        stateDb: join(folder, "state.db"),
        createMissing: "true",
      },
      { ...io, env: { ...io.env, AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString } },
    );
    say(`\n(exit code ${exitCode}; one source blob is missing on purpose, so 1 is right)`);
    if (options.keep) keep(io, input, folder, emulator, say);
    else
      say(
        `\nNext: npm run demo -- --keep leaves the emulator running, to try resume and partitions by hand.`,
      );
    return exitCode === EXIT.finishedWithFailures ? EXIT.done : exitCode;
  } finally {
    process.off("SIGINT", interrupt);
    if (!options.keep) await emulator.stop();
  }
}

function runWords(io: Io, input: DemoInput, folder: string): string[] {
  return [
    "reupload",
    "run",
    "--csv",
    shown(io, input.csvFile),
    "--files",
    shown(io, input.listingFile),
    "--state-db",
    shown(io, join(folder, "state.db")),
    "--create-missing",
  ];
}

/** What can be tried while the emulator runs. */
function keep(
  io: Io,
  input: DemoInput,
  folder: string,
  emulator: Emulator,
  say: (text: string) => void,
): void {
  const env = join(folder, "env.sh");
  writeFileSync(
    env,
    `export AZURE_STORAGE_CONNECTION_STRING='${emulator.connectionString}'\nexport MISSING_BLOB_URL='${input.missing.uploadUrl}'\n`,
    { mode: 0o600 },
  );
  const state = shown(io, join(folder, "state.db"));
  const partition = (index: number) =>
    commandLine([
      "npx",
      "reupload",
      "run",
      "--csv",
      shown(io, input.csvFile),
      "--files",
      shown(io, input.listingFile),
      "--state-db",
      shown(io, join(folder, `machine${index + 1}_state.db`)),
      "--partition",
      String(index),
      "--total-partitions",
      "2",
      "--target-container",
      "results2",
      "--queue",
      "resultsqueue2",
      "--create-missing",
    ]);
  say(`
The emulator is still running (process ${emulator.pid}), the data is in ${shown(io, folder)}. To try next:

  source ${shown(io, env)}

  # put the missing blob where the listing says, then let resume finish it alone
  curl -X PUT -H 'x-ms-blob-type: BlockBlob' --data-binary @${commandLine([shown(io, input.missing.contentFile)])} "$MISSING_BLOB_URL"
  npx reupload run --resume --state-db ${commandLine([state])}

  # two machines at once, each with its own state
  ${partition(0)} &
  ${partition(1)}; wait

  # stop the emulator
  kill ${emulator.pid}`);
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
  writeFileSync(join(folder, MARKER), "");
}

function shown(io: Io, path: string): string {
  const below = relative(io.cwd, path);
  return below.startsWith("..") ? path : below;
}
