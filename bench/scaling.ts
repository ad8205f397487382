/**
 * How a run scales: the built `reupload run` on the storage simulator over TLS, server copy and announcement, over its
 * file slots, over its threads, over machines that share a CSV, and over the number of files. Writes each point into `bench/scaling.json`
 * as soon as it is there; `draw-figures.ts` draws the figures of the docs from it.
 *
 * `npm run build && npx node bench/scaling.ts [--only concurrency|threads|machines|files] [--to 1000000] [--seconds 25]
 * [--points 4,auto]`
 *
 * `--to` is the most files of the curve over files (1,000,000 takes about 7 minutes), `--seconds` about how long a point
 * of the others is to take, `--points` takes only these points.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Simulator, startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { ALONE } from "./support/alone.ts";
import { type ProgramCost, runMeasured } from "./support/measured-process.ts";
import { CSV, evenly, LISTING, writeRunInput } from "./support/run-input.ts";
import { boundOf, type CurveName, type Point, type Setting, writePoint } from "./support/scaling-results.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    to: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "25" },
    points: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const only = values.points?.split(",");

const SLOTS = [4, 8, 16, 32, 64, 128, 256, 512];
/** All that the machine runs at once: the simulator takes what is left, and has as many threads. */
const THREADS = Array.from({ length: availableParallelism() }, (_, index) => index + 1);
/** Enough that a thread is busy all the time. */
const SLOTS_OVER_THREADS = 192;
const MACHINES = [1, 2, 4];
const FILES = [10_000, 30_000, 100_000, 300_000, 1_000_000];
const FILES_A_WORK_ITEM = 80;
/** The pool starts small and looks for its size for a while; progress tells its rate over the last 10 s. */
const AUTO_AT_LEAST_S = 30;
/** A run of so many shows what start and end of the process cost. */
const FEW_FILES = 100;
/** About what two cores can do beside the simulator: decides only how many files a point gets. */
const EXPECTED_FILES_PER_SECOND = 2_500;
/** Of each machine, with 100 ms a request: all together leave the cores idle for most of the time. */
const SLOTS_OF_A_MACHINE = 16;
const SLOTS_OVER_FILES = 128;
/** A run that takes so many times what was expected, and a minute, is ended. */
const PATIENCE = 5;

interface Runs {
  readonly files: number;
  readonly filesOfEach: number;
  /** Of each run, as `--concurrency` takes it. */
  readonly concurrency: number | "auto";
  /** Of each run, as `--threads` takes it. */
  readonly threads?: number | "auto";
  /** Runs at the same time, each with its share of the CSV. */
  readonly machines: number;
  readonly expectedSeconds: number;
}

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
const curves = {
  concurrency: overConcurrency,
  threads: overThreads,
  machines: overMachines,
  files: overFiles,
};
const wanted = Object.entries(curves).filter(([name]) => values.only === undefined || values.only === name);
if (wanted.length === 0) throw new Error(`--only takes ${Object.keys(curves).join(", ")}`);
for (const [, measureCurve] of wanted) await measureCurve();

async function overConcurrency(): Promise<void> {
  const setting = { machine: machine(), latencyMs: 20 };
  await using simulator = await startSlow(setting.latencyMs);
  for (const concurrency of [...SLOTS, "auto" as const]) {
    const isAuto = concurrency === "auto";
    const perSecond = isAuto
      ? EXPECTED_FILES_PER_SECOND
      : Math.min(EXPECTED_FILES_PER_SECOND, (concurrency * 1_000) / (2 * setting.latencyMs));
    const expectedSeconds = isAuto ? Math.max(AUTO_AT_LEAST_S, seconds) : seconds;
    const files = Math.ceil(perSecond * expectedSeconds);
    const runs = { files, filesOfEach: FILES_A_WORK_ITEM, concurrency, machines: 1, expectedSeconds };
    const few = { ...runs, files: isAuto ? FEW_FILES : Math.max(FEW_FILES, concurrency) };
    await keepPoint("concurrency", setting, String(concurrency), async () => {
      const { cpuSeconds } = await measure(simulator, few);
      return { ...(await measure(simulator, runs)), startCpuSeconds: cpuSeconds };
    });
  }
}

async function overThreads(): Promise<void> {
  const setting = { machine: machine(), latencyMs: 20 };
  await using simulator = await startSlow(setting.latencyMs, availableParallelism());
  for (const threads of [...THREADS, "auto" as const]) {
    const files = Math.ceil(EXPECTED_FILES_PER_SECOND * seconds);
    const concurrency = SLOTS_OVER_THREADS;
    const runs = {
      files,
      filesOfEach: FILES_A_WORK_ITEM,
      concurrency,
      threads,
      machines: 1,
      expectedSeconds: seconds,
    };
    await keepPoint("threads", setting, String(threads), async () => {
      const point = await measure(simulator, runs);
      const cores = availableParallelism();
      const bound = { cores, threads: threads === "auto" ? cores : threads, serviceThreads: cores };
      say(`--threads ${threads} was bound by: ${boundOf(point, bound)}`);
      return point;
    });
  }
}

async function overMachines(): Promise<void> {
  const setting = { machine: machine(), latencyMs: 100 };
  await using simulator = await startSlow(setting.latencyMs);
  const perSecond = (SLOTS_OF_A_MACHINE * 1_000) / (2 * setting.latencyMs);
  for (const machines of MACHINES) {
    const files = Math.ceil(perSecond * seconds * machines);
    // Small work items, so that the shares are about the same.
    const runs = {
      files,
      filesOfEach: 4,
      concurrency: SLOTS_OF_A_MACHINE,
      machines,
      expectedSeconds: seconds,
    };
    await keepPoint("machines", setting, String(machines), () => measure(simulator, runs));
  }
}

async function overFiles(): Promise<void> {
  const setting = { machine: machine(), latencyMs: 20 };
  await using simulator = await startSlow(setting.latencyMs);
  for (const files of FILES.filter((count) => count <= Number(values.to))) {
    const runs = {
      files,
      filesOfEach: FILES_A_WORK_ITEM,
      concurrency: SLOTS_OVER_FILES,
      machines: 1,
      expectedSeconds: files / EXPECTED_FILES_PER_SECOND,
    };
    await keepPoint("files", setting, String(files), () => measure(simulator, runs));
  }
}

function startSlow(latencyMs: number, threads = 1): Promise<Simulator> {
  const settings = { latency: latencyMs, "auto-create": true };
  return startSimulator({ tls: true, realtime: true, settings, threads });
}

/** Measures it, unless other points are wanted, says it and keeps it. */
async function keepPoint(name: CurveName, setting: Setting, key: string, measurePoint: () => Promise<Point>) {
  if (only?.includes(key) === false) return;
  const point = await measurePoint();
  writePoint(name, setting, key, point);
  say(`${name} ${key}: ${JSON.stringify(point)}`);
}

/** @throws when a file or a message is missing, or was made twice */
async function measure(simulator: Simulator, runs: Runs): Promise<Point> {
  const { files } = runs;
  const folder = await mkdtemp(join(tmpdir(), "reupload-scaling-"));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const source = `${overTls(simulator).blobEndpoint}/src-16384`;
  await writeRunInput(folder, { filesOf: evenly(files, runs.filesOfEach), source });
  await simulator.reset();
  const { cpuSeconds: before } = await simulator.stats();
  const each = await Promise.all(
    Array.from({ length: runs.machines }, (_, index) => runOnce(folder, simulator, runs, index)),
  );
  const { blobs, blobsMade, messagesPut, lateMeanMs, cpuSeconds: after } = await simulator.stats();
  const simulatorCpu = after - before;
  if (blobs !== files || blobsMade !== files || messagesPut !== files) {
    throw new Error(
      `${files} files: ${blobs} blobs, made by ${blobsMade} calls, and ${messagesPut} messages`,
    );
  }
  return {
    measured: new Date().toISOString().slice(0, 10),
    files,
    seconds: round(Math.max(...each.map(({ cost }) => cost.ms)) / 1_000, 1),
    filesPerSecond: round(sum(each.map(({ filesPerSecond }) => filesPerSecond)), 1),
    cpuSeconds: round(sum(each.map(({ cost }) => cost.cpuSeconds)), 2),
    peakMiB: round(Math.max(...each.map(({ cost }) => cost.peakMiB)), 0),
    stateBytesPerFile: round(sum(each.map(({ stateBytes }) => stateBytes)) / files, 1),
    slots: each[0]?.slots ?? 0,
    lateMs: round(lateMeanMs, 2),
    simulatorCores: round((simulatorCpu * 1_000) / Math.max(...each.map(({ cost }) => cost.ms)), 2),
  };
}

interface OneRun {
  readonly cost: ProgramCost;
  readonly filesPerSecond: number;
  readonly slots: number;
  readonly stateBytes: number;
}

async function runOnce(folder: string, simulator: Simulator, runs: Runs, index: number): Promise<OneRun> {
  const state = `machine${index}.db`;
  const flags = {
    csv: CSV,
    files: LISTING,
    "state-db": state,
    partition: index,
    "total-partitions": runs.machines,
    transfer: "server",
    concurrency: runs.concurrency,
    threads: runs.threads ?? 1,
    output: "json",
  };
  const program = join(import.meta.dirname, "..", "bin", "reupload.js");
  const { connectionString, certificatePath } = overTls(simulator);
  const cost = await runMeasured({
    command: process.execPath,
    args: [program, "run", ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)])],
    cwd: folder,
    env: {
      ...ALONE,
      AZURE_STORAGE_CONNECTION_STRING: connectionString,
      NODE_EXTRA_CA_CERTS: certificatePath,
    },
    longestMs: 60_000 + PATIENCE * 1_000 * runs.expectedSeconds,
  });
  if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.tail}`);
  const { size } = await stat(join(folder, state));
  return { cost, ...rateOf(cost.tail, runs.concurrency === "auto"), stateBytes: size };
}

interface RunEvent {
  readonly type: string;
  /** Of `progress`. */
  readonly filesPerSecond?: number | null;
  readonly slots?: number;
  /** Of `summary`. */
  readonly thisStart?: { readonly files: number; readonly elapsedMs: number };
}

/** What the last events tell: the mean over the run, or, of a pool that looks for its size, how it went in the end. */
function rateOf(tail: string, isAuto: boolean): { filesPerSecond: number; slots: number } {
  const events = tail.split("\n").flatMap(eventOf);
  const progress = events.findLast(({ type }) => type === "progress");
  const run = events.findLast(({ type }) => type === "summary")?.thisStart;
  if (progress?.slots === undefined || run === undefined) throw new Error(`no summary in: ${tail}`);
  const mean = (1_000 * run.files) / run.elapsedMs;
  return { filesPerSecond: isAuto ? (progress.filesPerSecond ?? mean) : mean, slots: progress.slots };
}

/** The first line of a tail may be cut, and the last is no event. */
function eventOf(line: string): RunEvent[] {
  try {
    const value = JSON.parse(line) as RunEvent | number;
    return typeof value === "object" ? [value] : [];
  } catch {
    return [];
  }
}

function overTls(simulator: Simulator): NonNullable<Simulator["tls"]> {
  if (simulator.tls === undefined) throw new Error("the simulator was started without TLS");
  return simulator.tls;
}

/** Such as "AMD EPYC, 2 cores, Node 24.21.0". */
function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${availableParallelism()} cores, Node ${process.versions.node}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
