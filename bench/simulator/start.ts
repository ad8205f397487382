/** Starts the storage simulator from TypeScript; README.md beside it tells what it can do. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { readEndpoints } from "../../src/emulator/emulator.ts";

const run = promisify(execFile);

/** Of one class of calls, with `read-`, `write-` or `queue-` in front, or of all. */
type ConductName = "latency" | "stragglers" | "errors" | "resets" | "lost-replies" | "hangs";
type SettingName =
  | ConductName
  | `${"read" | "write" | "queue"}-${ConductName}`
  | "account-rate"
  | "queue-rate"
  | "burst-ms"
  | "throttle-status"
  | "retry-after-ms"
  | "account-bandwidth"
  | "effect"
  | "check-md5"
  | "need-auth"
  | "forget"
  | "auto-create"
  | "source-md5"
  | "keep-messages"
  | "keep-container"
  | "keep-bytes";

/** As on its command line; `simulator --help` tells their values. Of several containers to keep: with commas. */
export type SimulatorSettings = { readonly [Name in SettingName]?: string | number | boolean };

export interface SimulatorOptions {
  readonly settings?: SimulatorSettings;
  /** That serve; by default one. */
  readonly threads?: number;
  /** Goes before all other processes, so that latencies stay true on busy cores; needs root, else it is without. */
  readonly realtime?: boolean;
  /** Serves HTTPS as well, with a certificate of its own. */
  readonly tls?: boolean;
  /** Ends the start; a simulator that has started goes on until `stop`, or until this process ends. */
  readonly signal?: AbortSignal;
}

/** Where a simulator is reached by one protocol. */
export interface SimulatorEndpoints {
  readonly connectionString: string;
  /** Such as `http://127.0.0.1:10000/devstoreaccount1`. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
}

export interface SimulatorStats {
  /** How often each status was answered, by operation; status 0 is a connection that ended without an answer. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly inFlight: number;
  readonly inFlightPeak: number;
  readonly connections: number;
  readonly connectionsPeak: number;
  readonly connectionsMade: number;
  readonly throttled: number;
  readonly errors: number;
  readonly resets: number;
  readonly lostReplies: number;
  readonly hangs: number;
  /** Answers that had a latency, how many came more than 1 ms late, and how late, ms: whether the latency is true. */
  readonly delayed: number;
  readonly lateByOver1Ms: number;
  readonly lateMeanMs: number;
  readonly lateMaxMs: number;
  /** Of the simulator's process since it started. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** What is there now. */
  readonly blobs: number;
  readonly messages: number;
  /** In containers that are kept; among `blobs`, too. */
  readonly keptBlobs: number;
  readonly keptBytes: number;
  /** What was made since the start or the last reset, also with `forget`. */
  readonly blobsMade: number;
  readonly messagesPut: number;
}

export interface Simulator extends SimulatorEndpoints, AsyncDisposable {
  readonly pid: number;
  /** Over HTTPS, when asked for. */
  readonly tls: (SimulatorEndpoints & { readonly certificatePath: string }) | undefined;
  /** Changes settings while it runs. @throws when one is not known or has no such value */
  control(settings: SimulatorSettings): Promise<void>;
  stats(): Promise<SimulatorStats>;
  /** Sets the counts to zero; unless told to keep the content, all containers, queues and what is in them goes. */
  reset(options?: { readonly keepContent?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** @returns why it cannot be built here, such as a compiler that is missing; undefined once it is built */
export async function whyNoSimulator(): Promise<string | undefined> {
  try {
    await build();
    return undefined;
  } catch (error) {
    const { code, stderr } = error as { code?: number; stderr?: string };
    if (code !== 3) throw error;
    return stderr?.trim();
  }
}

let built: Promise<string> | undefined;

/** Once a process: the path of the program. */
function build(): Promise<string> {
  built ??= run(join(import.meta.dirname, "build.sh")).then(({ stdout }) => stdout.trim());
  return built;
}

/** Builds it where that is needed (half a minute), starts it on free ports and waits until it listens. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const program = await build();
  const folder = options.tls === true ? await makeCertificate() : undefined;
  options.signal?.throwIfAborted();
  const child = spawn(program, [...flagsOf(options), ...tlsFlags(folder)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ports = await readPorts(child);
  // Its standard input ends with this process, and it ends with that.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.ref();
      child.kill("SIGKILL");
      await ended;
    }
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  const control = `http://127.0.0.1:${ports.blob}`;
  return {
    ...readEndpoints(control, `http://127.0.0.1:${ports.queue}`),
    pid: child.pid ?? 0,
    tls: folder === undefined ? undefined : tlsEndpoints(ports, folder),
    async control(settings) {
      await ask(`${control}/$control`, "PUT", JSON.stringify(settings));
    },
    async stats() {
      return (await (await ask(`${control}/$stats`, "GET")).json()) as SimulatorStats;
    },
    async reset({ keepContent = false } = {}) {
      await ask(`${control}/$reset${keepContent ? "?keep=content" : ""}`, "POST");
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Ports {
  readonly blob: number;
  readonly queue: number;
  readonly "blob-tls"?: number;
  readonly "queue-tls"?: number;
}

function flagsOf({ settings = {}, threads = 1, realtime = false }: SimulatorOptions): string[] {
  const all = { ...settings, threads, realtime, "end-with-input": true };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function tlsFlags(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const ports = ["--blob-tls-port", "0", "--queue-tls-port", "0"];
  return [...ports, "--certificate", join(folder, "certificate.pem"), "--key", join(folder, "key.pem")];
}

function tlsEndpoints(ports: Ports, folder: string): NonNullable<Simulator["tls"]> {
  const url = (port: number | undefined): string => `https://127.0.0.1:${port}`;
  const endpoints = readEndpoints(url(ports["blob-tls"]), url(ports["queue-tls"]));
  return { ...endpoints, certificatePath: join(folder, "certificate.pem") };
}

async function makeCertificate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-simulator-"));
  await run(join(import.meta.dirname, "make-certificate.sh"), [folder]);
  return folder;
}

/** It prints them once it listens. */
async function readPorts(child: ChildProcess): Promise<Ports> {
  if (child.stdout === null) throw new Error("the simulator has no output");
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as Ports;
  throw new Error("the simulator did not start");
}

async function ask(url: string, method: string, body?: string): Promise<Response> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
  if (!response.ok) throw new Error(`the simulator refused ${method} ${url}: ${await response.text()}`);
  return response;
}
