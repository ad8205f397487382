/** What `scaling.ts` measured and `draw-figures.ts` draws: `bench/scaling.json`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PATH = join(import.meta.dirname, "..", "scaling.json");

export type CurveName = "concurrency" | "threads" | "machines" | "files";

/** One or several runs at once, from their start to their end. */
export interface Point {
  /** The day, as 2026-07-01. */
  readonly measured: string;
  readonly files: number;
  /** From the start of the processes to the end of the last one. */
  readonly seconds: number;
  /** While files were transferred, start and end of the process left out; several runs added up. */
  readonly filesPerSecond: number;
  /** Of all processes, from start to end. */
  readonly cpuSeconds: number;
  /** As much of it as a run of a few files with these slots takes; where it was measured. */
  readonly startCpuSeconds?: number;
  /** Of the largest process. */
  readonly peakMiB: number;
  readonly stateBytesPerFile: number;
  /** File slots of each run; those that it came to when it looked for them. */
  readonly slots: number;
  /** How much later than its latency the simulator answered, mean. */
  readonly lateMs: number;
  /** The cores that the simulator took meanwhile. */
  readonly simulatorCores?: number;
}

/** Of its cores, so much is all that a program or a machine gives. */
const FULL = 0.9;

/** What kept a point from being higher. @param cores of the machine @param serviceThreads of the simulator */
export function boundOf(
  { cpuSeconds, seconds, simulatorCores = 0 }: Point,
  { cores, threads, serviceThreads }: { cores: number; threads: number; serviceThreads: number },
): "service" | "machine" | "client" | "none of them" {
  const client = cpuSeconds / seconds;
  if (simulatorCores > FULL * serviceThreads) return "service";
  if (client + simulatorCores > FULL * cores) return "machine";
  return client > FULL * threads ? "client" : "none of them";
}

/** What all points of a curve have in common. */
export interface Setting {
  readonly machine: string;
  /** Of every request. */
  readonly latencyMs: number;
}

export interface Curve extends Setting {
  /** By what the curve goes over: "4" to "512" slots and "auto", 1 to all cores' threads and "auto", "1" to "8" machines, "10000" to "1000000" files. */
  readonly points: Readonly<Record<string, Point>>;
}

export type Results = { readonly [Name in CurveName]?: Curve };

/** @returns nothing in it before the first measurement */
export function readResults(): Results {
  return existsSync(PATH) ? (JSON.parse(readFileSync(PATH, "utf8")) as Results) : {};
}

/** Puts a point in its place; the curve begins anew when it was measured in another setting. */
export function writePoint(name: CurveName, setting: Setting, key: string, point: Point): void {
  const results = readResults();
  const old = results[name];
  const fits = old?.machine === setting.machine && old.latencyMs === setting.latencyMs;
  const curve = { ...setting, points: { ...(fits ? old.points : {}), [key]: point } };
  writeFileSync(PATH, `${JSON.stringify({ ...results, [name]: curve }, undefined, 2)}\n`);
}
