/**
 * Runs many command lines in one process, each as the built program runs it alone: a start costs more than what most
 * wrong command lines do. Reads the cases as JSON from stdin, prints the results as JSON.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { BadInput } from "./bad-input.ts";

export type Given = Pick<BadInput, "args" | "env" | "config">;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What is in the folder afterwards. */
  readonly files: readonly string[];
}

const COMMAND = pathToFileURL(join(import.meta.dirname, "..", "..", "dist", "cli", "command.js")).href;
const CONFIG = "reupload.config.yaml";

const { runCommandLine } = (await import(COMMAND)) as { runCommandLine: () => Promise<void> };

/** What is written to the stream, from here on. */
function capture(stream: NodeJS.WriteStream): { text: string } {
  const captured = { text: "" };
  stream.write = (chunk: string | Uint8Array) => {
    captured.text += String(chunk);
    return true;
  };
  return captured;
}

async function runOne({ args, env = {}, config }: Given): Promise<Ended> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  process.argv = [...process.argv.slice(0, 2), ...args];
  process.exitCode = 0;
  if (config !== undefined) writeFileSync(CONFIG, config);
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  await runCommandLine();
  if (config !== undefined) rmSync(CONFIG);
  process.env = before;
  return {
    code: process.exitCode,
    stdout: stdout.text,
    stderr: stderr.text,
    files: readdirSync(".").sort(),
  };
}

if (import.meta.main) {
  process.setMaxListeners(0);
  process.stdout.setMaxListeners(0);
  process.stderr.setMaxListeners(0);
  const print = process.stdout.write.bind(process.stdout);
  const cases = JSON.parse(await text(process.stdin)) as Given[];
  const results: Ended[] = [];
  for (const given of cases) results.push(await runOne(given));
  process.exitCode = 0;
  print(JSON.stringify(results));
}
