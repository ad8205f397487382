/** Machines of one run on the storage simulator, side by side: what each did, and what all cost together. */
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Simulator } from "../simulator/start.ts";
import { type ProgramCost, runMeasured } from "./measured-process.ts";
import { CSV, LISTING, writeRunInput } from "./run-input.ts";
import { zipf } from "./zipf.ts";

/** Of each request, ms. */
export const LATENCY_MS = 100;
/** Of each machine. */
const SLOTS = 16;
/** The copy, then the announcement. */
export const FILES_PER_SECOND = (SLOTS * 1_000) / (2 * LATENCY_MS);
const FILES_A_WORK_ITEM = 16;
/** Calls of the files themselves; all others are of the coordination, or of a start. */
const OF_FILES = /^(?:PutBlobFromURL|PutBlobFromUrl|PutMessage|put-blob-from-url|put-message)$/;

/** What a simulator needs for it. */
export const SIMULATOR_SETTINGS = {
  latency: LATENCY_MS,
  "auto-create": true,
  "keep-container": "reupload-coordination",
} as const;

export type Kind = "auto" | "fixed";

export interface MachinesRun {
  readonly machines: number;
  readonly kind: Kind;
  /** Of `auto`; fixed ones are as many as machines. */
  readonly partitions: number;
  /** The perfect split takes so long. */
  readonly seconds: number;
}

export interface MachinesResult extends MachinesRun {
  readonly files: number;
  /** From the start of the processes to the end of the last one. */
  readonly took: number;
  /** The larger of total / machines and the largest work item alone, s. */
  readonly perfect: number;
  readonly requestsAMinute: number;
  /** Share of all cores that processes and simulator used together. */
  readonly cpu: number;
  readonly load: number;
  readonly each: readonly MachineTrace[];
}

/** Times in s, from the start of the processes. */
export interface MachineTrace {
  readonly files: number;
  readonly first: number;
  /** The first second that brought less than half of the files of one at full speed, and no later one did better. */
  readonly idle: number;
  readonly last: number;
  readonly end: number;
  readonly gifts: number;
}

/** Runs it once. @throws Error when a machine failed, or a file or a message is missing */
export async function runMachines(simulator: Simulator, run: MachinesRun): Promise<MachinesResult> {
  const { machines, kind } = run;
  const files = Math.ceil(FILES_PER_SECOND * run.seconds * machines);
  const folder = await mkdtemp(join(tmpdir(), "reupload-auto-"));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const filesOf = zipf(files, Math.ceil(files / FILES_A_WORK_ITEM));
  await writeRunInput(folder, { filesOf, source: `${simulator.blobEndpoint}/src-16384` });
  await simulator.reset();
  const cpuBefore = (await simulator.stats()).cpuSeconds;
  const total = kind === "auto" ? run.partitions : machines;
  const began = Date.now();
  const place = { folder, simulator, seconds: run.seconds, total };
  const costs = await Promise.all(
    Array.from({ length: machines }, async (_, at) => runOnce(place, kind === "auto" ? "auto" : at, at)),
  );
  const { blobs, blobsMade, messagesPut, operations, cpuSeconds } = await simulator.stats();
  if (messagesPut !== files || blobsMade < files) {
    throw new Error(
      `${files} files: ${blobsMade} blobs made, ${blobs - files} beside them, ${messagesPut} messages`,
    );
  }
  const took = Math.max(...costs.map(({ ms }) => ms)) / 1_000;
  const cpu = costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0) + cpuSeconds - cpuBefore;
  const others = Object.entries(operations)
    .filter(([name]) => !OF_FILES.test(name))
    .reduce((sum, [, statuses]) => sum + Object.values(statuses).reduce((all, count) => all + count, 0), 0);
  return {
    ...run,
    files,
    took,
    perfect: Math.max(files / machines, filesOf[0] ?? 0) / FILES_PER_SECOND,
    requestsAMinute: (others / machines / took) * 60,
    cpu: cpu / took / availableParallelism(),
    load: loadavg()[0] ?? 0,
    each: await Promise.all(costs.map(async ({ ms }, at) => trace(folder, at, began, ms))),
  };
}

interface RunPlace {
  readonly folder: string;
  readonly simulator: Simulator;
  readonly seconds: number;
  readonly total: number;
}

async function runOnce(
  { folder, simulator, seconds, total }: RunPlace,
  partition: number | "auto",
  machine: number,
): Promise<ProgramCost> {
  const flags = {
    csv: CSV,
    files: LISTING,
    "state-db": `machine${machine}.db`,
    partition,
    "total-partitions": total,
    transfer: "server",
    concurrency: SLOTS,
    output: "json",
    "log-file": `machine${machine}.log`,
  };
  const program = join(import.meta.dirname, "..", "..", "bin", "reupload.js");
  const given = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const cost = await runMeasured({
    command: process.execPath,
    // A line a file, with its time.
    args: [program, "run", ...given, "--create-missing", "--verbose"],
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: simulator.connectionString },
    longestMs: 60_000 + 5_000 * seconds,
  });
  if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.tail}`);
  return cost;
}

interface LogLine {
  readonly type: string;
  readonly time: string;
  readonly message?: string;
}

/** @param began ms since the epoch @param ms how long its process took */
async function trace(folder: string, machine: number, began: number, ms: number): Promise<MachineTrace> {
  const text = await readFile(join(folder, `machine${machine}.log`), "utf8");
  const lines = text.split("\n").flatMap((line) => (line === "" ? [] : (JSON.parse(line) as LogLine)));
  const at = lines
    .filter(({ type }) => type === "file")
    .map(({ time }) => (Date.parse(time) - began) / 1_000);
  const perSecond = new Map<number, number>();
  for (const time of at) perSecond.set(Math.floor(time), (perSecond.get(Math.floor(time)) ?? 0) + 1);
  const busy = [...perSecond].filter(([, files]) => files >= FILES_PER_SECOND / 2).map(([second]) => second);
  return {
    files: at.length,
    first: at[0] ?? 0,
    idle: Math.max(0, ...busy) + 1,
    last: at.at(-1) ?? 0,
    end: ms / 1_000,
    gifts: lines.filter(({ message }) => message?.startsWith("gave away") === true).length,
  };
}
