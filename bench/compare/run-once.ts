/** One run of one contestant: what it did to the service, and what it cost. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Simulator, SimulatorStats } from "../simulator/start.ts";
import { type ProgramCost, runMeasured } from "../support/measured-process.ts";
import type { Contestant, Job, Service, Setting } from "./contestants/contestant.ts";

/** How often the service is asked what it has answered, ms. */
const LOOK_MS = 50;

export interface Run {
  readonly files: number;
  /** Of the whole program. */
  readonly seconds: number;
  /** Between its first and its last request. */
  readonly underWaySeconds: number;
  /** Of the program, user and system together. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** Answered, refused ones too. */
  readonly requests: number;
  /** Over the service's limits. */
  readonly refused: number;
  /** How much later than its latency the service answered on average, ms. */
  readonly lateMs: number;
  readonly serviceCpuSeconds: number;
  /** Why it does not count, such as blobs that are missing; undefined when it did its job. */
  readonly failure: string | undefined;
}

export interface Place {
  readonly simulator: Simulator;
  readonly service: Service;
  /** The run's own folder is made in it. */
  readonly folder: string;
}

/** Runs it on a service that was reset, and looks whether all files are in the target. */
export async function runOnce(
  contestant: Contestant,
  setting: Setting,
  { simulator, service, folder: parent }: Place,
  job: Omit<Job, "folder" | "service">,
): Promise<Run> {
  await simulator.reset();
  const before = await simulator.stats();
  const folder = await mkdtemp(join(parent, "run-"));
  const ended = new AbortController();
  const underWay = followRequests(simulator, ended.signal);
  const cost = await runMeasured(contestant.call({ ...job, folder, service }, setting));
  const stats = await simulator.stats();
  ended.abort();
  await rm(folder, { recursive: true });
  const announced = contestant.announces && job.way !== "local" ? job.files : 0;
  return {
    files: job.files,
    seconds: cost.ms / 1_000,
    underWaySeconds: await underWay,
    cpuSeconds: cost.cpuSeconds,
    peakMiB: cost.peakMiB,
    requests: requestsOf(stats),
    refused: stats.throttled,
    lateMs: stats.lateMeanMs,
    serviceCpuSeconds: stats.cpuSeconds - before.cpuSeconds,
    failure: failureOf(cost, stats, job.files, announced),
  };
}

/** Seconds between the first and the last request, as far as they can be seen from outside. */
async function followRequests(simulator: Simulator, until: AbortSignal): Promise<number> {
  let seen = 0;
  let first = 0;
  let last = 0;
  while (!until.aborted) {
    const stats = await simulator.stats();
    const now = performance.now();
    const asked = requestsOf(stats) + stats.inFlight;
    if (asked > 0 && first === 0) first = now;
    if (asked !== seen) last = now;
    seen = asked;
    await sleep(LOOK_MS, undefined, { signal: until }).catch(() => {});
  }
  return Math.max(LOOK_MS, last - first) / 1_000;
}

function requestsOf({ operations }: SimulatorStats): number {
  return Object.values(operations)
    .flatMap((answers) => Object.values(answers))
    .reduce((sum, count) => sum + count, 0);
}

function failureOf(
  { exitCode, wasKilled, tail }: ProgramCost,
  { blobs: all, keptBlobs, messagesPut }: SimulatorStats,
  files: number,
  announced: number,
): string | undefined {
  // What machines leave for one another is no file.
  const blobs = all - keptBlobs;
  const said = tail.trim().split("\n").slice(0, -1).slice(-3).join(" ");
  if (wasKilled) return `it did not end; ${blobs} of ${files} blobs. ${said}`;
  if (exitCode !== 0) return `exit code ${exitCode}; ${blobs} of ${files} blobs. ${said}`;
  if (blobs !== files) return `${blobs} of ${files} blobs. ${said}`;
  if (messagesPut < announced) return `${messagesPut} of ${announced} messages. ${said}`;
  return undefined;
}
