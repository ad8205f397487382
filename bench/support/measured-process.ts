/** Runs a program and says what it cost. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How often a program's memory is looked at, ms. */
const LOOK_MS = 50;

export interface ProgramCall {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** It is killed after this long, ms. */
  readonly longestMs: number;
}

export interface ProgramCost {
  /** From the start of the process to its end, ms. */
  readonly ms: number;
  /** Of the process and what it waited for, user and system together. */
  readonly cpuSeconds: number;
  /** Most memory it had resident, MiB: of its largest process. */
  readonly peakMiB: number;
  readonly exitCode: number | null;
  readonly wasKilled: boolean;
  /** The end of what it printed. */
  readonly tail: string;
}

/**
 * Runs it under bash's `time`, which knows the processor time of ended children exactly. It ends with this process, when
 * that ends by `process.exit` or SIGTERM.
 */
export async function runMeasured(call: ProgramCall): Promise<ProgramCost> {
  const child = spawn(
    "bash",
    ["-c", 'TIMEFORMAT="%R %U %S"; time "$@"', "bash", call.command, ...call.args],
    {
      cwd: call.cwd,
      env: { ...process.env, LC_ALL: "C", ...call.env },
      // An open input on which nothing comes, as a terminal is: AzCopy reads one that has ended without a pause.
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    },
  );
  const began = performance.now();
  const tail = { out: "", err: "" };
  child.stdout.on("data", (piece: Buffer) => (tail.out = (tail.out + piece.toString()).slice(-4_000)));
  child.stderr.on("data", (piece: Buffer) => (tail.err = (tail.err + piece.toString()).slice(-4_000)));
  const ended = new AbortController();
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const pid = child.pid ?? 0;
  const peak = followPeak(pid, ended.signal);
  // Of its own group: what it has started ends with it.
  let wasKilled = false;
  const kill = (): void => {
    wasKilled = true;
    // Zero would be this process's own group.
    if (pid > 0) process.kill(-pid, "SIGKILL");
  };
  const timer = setTimeout(kill, call.longestMs);
  process.once("exit", kill);
  process.once("SIGTERM", endWithIt);
  const exitCode = await closed;
  const ms = performance.now() - began;
  clearTimeout(timer);
  process.off("exit", kill);
  process.off("SIGTERM", endWithIt);
  ended.abort();
  const times = /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(tail.err);
  return {
    ms,
    cpuSeconds: times === null ? Number.NaN : Number(times[2]) + Number(times[3]),
    peakMiB: await peak,
    exitCode,
    wasKilled,
    tail: tail.out + tail.err,
  };
}

/** Has this process end by `process.exit`, and with it what it runs: a signal alone would leave that behind. */
function endWithIt(): void {
  process.exit(143);
}

/** The largest `VmHWM` of the shell's descendants until the signal, MiB. */
async function followPeak(shell: number, until: AbortSignal): Promise<number> {
  const peaks = new Map<number, number>();
  while (!until.aborted) {
    for (const pid of await descendantsOf(shell)) {
      const high = /VmHWM:\s+(\d+) kB/.exec(await textOf(`/proc/${pid}/status`))?.[1];
      if (high !== undefined) peaks.set(pid, Number(high) / 1_024);
    }
    await sleep(LOOK_MS, undefined, { signal: until }).catch(() => {});
  }
  return Math.max(0, ...peaks.values());
}

async function descendantsOf(pid: number): Promise<number[]> {
  const children = (await textOf(`/proc/${pid}/task/${pid}/children`)).split(" ").filter(Boolean).map(Number);
  const below = await Promise.all(children.map(descendantsOf));
  return [...children, ...below.flat()];
}

async function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
