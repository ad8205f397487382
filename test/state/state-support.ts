/** Opens states in folders that are gone after the test, and starts processes that do. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import type { RunDescription } from "../../src/state/run-record.ts";
import type { InputReader, OpenOptions } from "../../src/state/state-kind.ts";
import { openRun } from "../../src/state/sqlite/open-run.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import { DESCRIPTION, noSignal } from "./samples.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-state-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface OpenTestOptions extends Partial<OpenOptions> {
  readonly description?: RunDescription;
  readonly signal?: AbortSignal;
}

/** Opens with `--resume` and all failures retried, unless said otherwise; closed after the test. */
export async function openState(
  path: string,
  input: InputReader | undefined,
  { description = DESCRIPTION, signal = noSignal.signal, ...options }: OpenTestOptions = {},
): Promise<OpenState> {
  const defaults = { resume: true, updateCsv: false, retryFailed: "all" } as const;
  const store = await openRun(
    REAL_SURROUNDINGS,
    { ...defaults, ...options, location: path },
    description,
    input,
    { signal },
  );
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** A process of its own that runs this module text; ended after the test. */
export function startProcess(text: string): ChildProcess & { readonly firstLine: Promise<string> } {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--no-warnings", "-e", text], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  const closed = once(lines, "close").then(() => Promise.reject(new Error("it ended without a word")));
  const firstLine = Promise.race([once(lines, "line").then(([line]) => String(line)), closed]);
  return Object.assign(child, { firstLine });
}
