/**
 * The embedded storage emulator: Azurite from npm, run as a process of its own on free ports of the loopback.
 * It is a dev dependency: an installed reupload has it only when the user installs `azurite` beside it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { openNewSync, toWriteError } from "../files/files.ts";
import { findAzurite } from "./find-azurite.ts";
import { isExecutable } from "../surroundings/program-files.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";

export { DemoSource } from "./demo-source.ts";
export { type KustoServer, startKustoServer } from "./kusto-server/kusto-server.ts";
export { KustoTables, type Row } from "./kusto-server/tables.ts";

/** The account that every storage emulator has; its key is published and opens nothing else. */
const EMULATOR_ACCOUNT = "devstoreaccount1";
const EMULATOR_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** How much content the emulator may hold in memory, in MB: a limit, nothing is reserved. */
const MEMORY_LIMIT_MB = 4096;
const START_TIMEOUT_MS = 60_000;
/** Saving its data on disk takes a moment; killed before, it would lose it. */
const STOP_TIMEOUT_MS = 15_000;
/** Blob, queue and table; the last is not used, but Azurite starts it always. */
const SERVICES = 3;

/**
 * Run inside the emulator's process: when our process is gone, however it went, the emulator goes too.
 * A channel that closes is the one sign of it that `kill -9` gives as well; by itself it keeps nothing alive.
 */
const STOP_WITH_PARENT = `
  process.once("disconnect", () => process.emit("SIGTERM") || process.kill(process.pid));
  process.channel?.unref();
`;

export interface EmulatorOptions {
  readonly surroundings: Surroundings;
  /** Ends the start; an emulator that has started goes on until `stop`. */
  readonly signal: AbortSignal;
  /** Folder for the data, made when missing. Without it the data is in memory and gone with the process. */
  readonly location?: string;
  /** File for what the emulator prints, begun anew; by default one beside the data, or a temporary one. */
  readonly log?: string;
  /** The emulator goes on when our process ends, until somebody stops `pid`. By default it ends with our process. */
  readonly detached?: boolean;
  /** Folders in whose `node_modules` (or above) Azurite is looked for; by default reupload's own, then the working folder. */
  readonly searchFrom?: readonly string[];
}

export interface Emulator {
  readonly connectionString: string;
  /** Such as `http://127.0.0.1:10000/devstoreaccount1`. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly pid: number;
  /** Ends it and waits until it is gone. On-disk data is saved. Repeating it is harmless. */
  stop(): Promise<void>;
}

/**
 * Starts the emulator and waits until it answers (about 2 s).
 *
 * @throws ReuploadError `emulator-missing` when Azurite is not installed, `emulator-failed` when it does not start,
 * `output-unwritable` and `disk-full` for its folder and log;
 * the signal's reason when it aborts
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  options.signal.throwIfAborted();
  const script = await findAzurite(options.searchFrom ?? [import.meta.dirname, process.cwd()]);
  const temporary = await mkdtemp(join(tmpdir(), "reupload-emulator-"));
  const log = options.log ?? join(options.location ?? temporary, "azurite.log");
  try {
    for (const folder of [options.location, dirname(log)]) {
      if (folder !== undefined) await makeFolder(folder);
    }
    return await start(spawnAzurite(script, log, options), log, options);
  } finally {
    // A temporary log has told what it had to. (Where an open file cannot be deleted, it stays.)
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
}

/** @throws ReuploadError `output-unwritable`, `disk-full` */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw toWriteError(error, `the folder ${path}`);
  }
}

async function start(
  child: ChildProcess,
  log: string,
  { surroundings, signal }: EmulatorOptions,
): Promise<Emulator> {
  const stop = (): Promise<void> => stopProcess(surroundings, child);
  try {
    const [blobUrl, queueUrl] = await waitUntilListening(child, log, { surroundings, signal });
    await Promise.all([blobUrl, queueUrl].map((url) => waitForAnswer(url, signal)));
    if (child.pid === undefined) throw new Error("it has no process id");
    // From here on the emulator does not keep our process alive.
    child.unref();
    child.channel?.unref();
    return { ...readEndpoints(blobUrl, queueUrl), pid: child.pid, stop };
  } catch (error) {
    const printed = await readFile(log, "utf8").catch(() => "");
    // It may be busy loading for a second yet: a signal does not wait for that, the channel would.
    child.kill("SIGTERM");
    await stop();
    signal.throwIfAborted();
    throw new ReuploadError(
      "emulator-failed",
      `the storage emulator did not start: ${errorMessageText(error)}${lastLines(printed)}`,
      { cause: error },
    );
  }
}

/** The endpoints and connection string of an emulator whose two services listen at these addresses. */
export function readEndpoints(
  blobUrl: string,
  queueUrl: string,
): Pick<Emulator, "connectionString" | "blobEndpoint" | "queueEndpoint"> {
  const blobEndpoint = `${blobUrl}/${EMULATOR_ACCOUNT}`;
  const queueEndpoint = `${queueUrl}/${EMULATOR_ACCOUNT}`;
  const connectionString = [
    "DefaultEndpointsProtocol=http",
    `AccountName=${EMULATOR_ACCOUNT}`,
    `AccountKey=${EMULATOR_KEY}`,
    `BlobEndpoint=${blobEndpoint}`,
    `QueueEndpoint=${queueEndpoint}`,
  ].join(";");
  return { connectionString, blobEndpoint, queueEndpoint };
}

function spawnAzurite(script: string, log: string, options: EmulatorOptions): ChildProcess {
  const persistence =
    options.location === undefined
      ? ["--inMemoryPersistence", "--extentMemoryLimit", String(MEMORY_LIMIT_MB)]
      : ["--location", resolve(options.location)];
  // Port 0: the system gives free ports, so that two emulators never clash.
  const ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
  const flags = ["--disableTelemetry", "--skipApiVersionCheck", "--silent"];
  const preload =
    options.detached === true
      ? []
      : ["--import", `data:text/javascript,${encodeURIComponent(STOP_WITH_PARENT)}`];
  const output = openNewSync(log);
  try {
    return spawn(
      isExecutable() ? "node" : process.execPath,
      [...preload, script, ...flags, ...ports, ...persistence],
      {
        cwd: options.location ?? tmpdir(),
        // Its own process group: Ctrl+C is for us, the emulator has to serve the files in flight until we stop it.
        detached: true,
        windowsHide: true,
        stdio: ["ignore", output, output, options.detached === true ? "ignore" : "ipc"],
      },
    );
  } finally {
    closeSync(output);
  }
}

/** Waits until the emulator has printed where it listens: the addresses of blob and queue. */
async function waitUntilListening(
  child: ChildProcess,
  log: string,
  { surroundings, signal }: Pick<EmulatorOptions, "surroundings" | "signal">,
): Promise<[string, string]> {
  const deadline = surroundings.monotonic() + START_TIMEOUT_MS;
  let failure: NodeJS.ErrnoException | undefined;
  child.on("error", (error) => (failure = error));
  while (surroundings.monotonic() < deadline) {
    if (failure !== undefined) throw asMissingNode(failure);
    if (hasEnded(child)) throw new Error(`it ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
    const printed = await readFile(log, "utf8");
    const urls = Array.from(printed.matchAll(/listening at (http:\S+)\n/g), (match) => match[1]);
    const [blobUrl, queueUrl] = urls.length === SERVICES ? urls : [];
    if (blobUrl !== undefined && queueUrl !== undefined) return [blobUrl, queueUrl];
    await sleep(surroundings, 20, signal);
  }
  throw new Error(`it did not listen within ${START_TIMEOUT_MS / 1000} s`);
}

/** One request without a signature: any answer at all says that the service is up. */
async function waitForAnswer(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${url}/${EMULATOR_ACCOUNT}?comp=list`, { signal });
  await response.body?.cancel();
}

/** The single executable is no Node that could run the emulator. */
function asMissingNode(failure: NodeJS.ErrnoException): Error {
  return failure.code === "ENOENT" && isExecutable()
    ? new Error("it needs Node.js as `node` in the PATH")
    : failure;
}

async function stopProcess(surroundings: Surroundings, child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, "exit");
  child.ref();
  if (child.connected) child.disconnect();
  else child.kill("SIGTERM");
  const cancel = surroundings.after(STOP_TIMEOUT_MS, () => child.kill("SIGKILL"));
  await ended;
  cancel();
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function lastLines(printed: string): string {
  const lines = printed.trim().split("\n").slice(-3).join(" | ");
  return lines === "" ? "" : `: ${lines}`;
}
