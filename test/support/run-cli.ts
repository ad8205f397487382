import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { secretsIn } from "./secret-scan.ts";

export interface CliOptions {
  /** Added to the few variables that every process needs; nothing else of the tests' environment gets through. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it reads on stdin; by default stdin is at its end. */
  readonly input?: string | Uint8Array;
  /** After this it is killed and `done` rejects, in ms. Default 60 s. */
  readonly timeoutMs?: number;
  /** What Node runs in place of the built command line. */
  readonly script?: string;
}

export interface CliResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly done: Promise<CliResult>;
  /** Sends the signal; `SIGKILL` when none is given. Gives what `done` gives. */
  kill(signal?: NodeJS.Signals): Promise<CliResult>;
  /** Waits until stdout or stderr matches; rejects when it ends without. */
  waitFor(pattern: RegExp): Promise<void>;
}

const BUILT = join(import.meta.dirname, "..", "..", "dist", "cli", "main.js");
/** A single executable to be tested in place of the built command line. */
const EXECUTABLE = process.env["REUPLOAD_EXECUTABLE"];
/** What a process needs to find programs, its home and its temporary folder. */
const PASSED_ON = ["PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LANG"];

/** Runs the built command line to its end. What it prints is scanned: a secret in it is an error, whatever the test. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).done;
}

/** Starts the built command line as a process of its own, with the Node that runs the tests. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const script = options.script ?? EXECUTABLE ?? BUILT;
  if (!existsSync(script)) throw new Error(`${script} is missing: npm run build`);
  const [command, before] = script === EXECUTABLE ? [script, []] : [process.execPath, [script]];
  const child = spawn(command, [...before, ...args], {
    cwd: options.cwd,
    env: { ...passedOn(), ...options.env },
    stdio: "pipe",
  });
  // It may end without reading its input.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const done = resultOf(child, output, options.timeoutMs ?? 60_000);
  // A test that never looks at the result must not end the whole run.
  done.catch(() => {});

  return {
    pid: child.pid ?? 0,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    done,
    kill(signal = "SIGKILL") {
      child.kill(signal);
      return done;
    },
    waitFor: (pattern) => waitFor(pattern, child, output, done),
  };
}

function passedOn(): Record<string, string> {
  const pairs = PASSED_ON.map((name): [string, string | undefined] => [name, process.env[name]]);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function resultOf(child: ChildProcess, output: Output, timeoutMs: number): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const secrets = [...secretsIn(output.stdout, "stdout"), ...secretsIn(output.stderr, "stderr")];
      if (secrets.length > 0) reject(new Error(`it printed a secret: ${secrets.join(", ")}`));
      else if (isLate)
        reject(new Error(`not done after ${timeoutMs} ms\n${output.stdout}\n${output.stderr}`));
      else resolve({ code, signal, ...output });
    });
  });
}

async function waitFor(
  pattern: RegExp,
  child: ChildProcess,
  output: Output,
  done: Promise<CliResult>,
): Promise<void> {
  const isThere = (): boolean => pattern.test(output.stdout) || pattern.test(output.stderr);
  const seen = new Promise<void>((resolve) => {
    const look = (): void => {
      if (isThere()) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    look();
  });
  await Promise.race([seen, done]);
  if (!isThere()) throw new Error(`ended without ${pattern}\n${output.stdout}\n${output.stderr}`);
}
