/** Runs of the built command on the simulator over TLS, with so many threads, processes and cores; each is verified in the target. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Simulator } from "../simulator/start.ts";
import { ALONE } from "./alone.ts";
import { runMeasured } from "./measured-process.ts";
import { CSV, evenly, LISTING, writeRunInput } from "./run-input.ts";
import { readThreadTimes, type ThreadTimes, timesThreads } from "./thread-times.ts";

/** Small work items, so that shares are about the same. */
const FILES_A_WORK_ITEM = 4;
const LONGEST_MS = 180_000;
const COMMAND = join(import.meta.dirname, "..", "..", "bin", "reupload.js");

export interface ThreadRun {
  /** Of all processes together. */
  readonly files: number;
  readonly bytes: number;
  readonly transfer: "server" | "stream";
  /** Of all processes together. */
  readonly slots: number;
  /** Started together, each with a partition of its own. */
  readonly processes: number;
  /** Of each process, as `--threads` takes it. */
  readonly threads: number | "auto";
  /** The cores that they may use, as taskset takes them; undefined: all. */
  readonly cores?: string;
  /** Has each thread write down its own time: costs some 1 us a request. */
  readonly timesThreads?: boolean;
}

export interface ThreadRunCost {
  readonly files: number;
  /** From the start of the processes until all have ended. */
  readonly seconds: number;
  /** Of all processes. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly serviceCpuSeconds: number;
  readonly lateMs: number;
  /** Of the first process, when it was asked for. */
  readonly threads: ThreadTimes | undefined;
}

/** @param parent where the run's own folder is made @throws when a file or a message is missing, or was made twice */
export async function runThreads(
  simulator: Simulator,
  parent: string,
  run: ThreadRun,
): Promise<ThreadRunCost> {
  const { tls } = simulator;
  if (tls === undefined) throw new Error("the simulator does not listen for HTTPS");
  const folder = await mkdtemp(join(parent, "run-"));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const source = `${tls.blobEndpoint}/src-${run.bytes}`;
  await writeRunInput(folder, { filesOf: evenly(run.files, FILES_A_WORK_ITEM), source });
  await simulator.reset();
  const { cpuSeconds: before } = await simulator.stats();
  const began = performance.now();
  const costs = await Promise.all(
    Array.from({ length: run.processes }, (_, index) => runProcess(tls, folder, run, index)),
  );
  const seconds = (performance.now() - began) / 1_000;
  const { blobs, blobsMade, messagesPut, cpuSeconds, lateMeanMs } = await simulator.stats();
  if (blobs !== run.files || blobsMade !== run.files || messagesPut !== run.files) {
    throw new Error(
      `${run.files} files: ${blobs} blobs, made by ${blobsMade} calls, and ${messagesPut} messages`,
    );
  }
  return {
    files: run.files,
    seconds,
    cpuSeconds: costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0),
    peakMiB: costs.reduce((sum, cost) => sum + cost.peakMiB, 0),
    serviceCpuSeconds: cpuSeconds - before,
    lateMs: lateMeanMs,
    threads: run.timesThreads === true ? await readThreadTimes(join(folder, "threads-0")) : undefined,
  };
}

async function runProcess(tls: NonNullable<Simulator["tls"]>, folder: string, run: ThreadRun, index: number) {
  const threads = join(folder, `threads-${index}`);
  await mkdir(threads);
  const flags = {
    csv: CSV,
    files: LISTING,
    "state-db": `process${index}.db`,
    partition: index,
    "total-partitions": run.processes,
    transfer: run.transfer,
    concurrency: Math.ceil(run.slots / run.processes),
    threads: run.threads,
  };
  const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const command = [process.execPath, COMMAND, "run", "--quiet", ...words];
  const [first = "", ...args] =
    run.cores === undefined ? command : ["taskset", "--cpu-list", run.cores, ...command];
  const cost = await runMeasured({
    command: first,
    args,
    cwd: folder,
    env: {
      ...ALONE,
      AZURE_STORAGE_CONNECTION_STRING: tls.connectionString,
      NODE_EXTRA_CA_CERTS: tls.certificatePath,
      ...(run.timesThreads === true ? timesThreads(threads) : {}),
    },
    longestMs: LONGEST_MS,
  });
  if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.tail}`);
  return cost;
}
