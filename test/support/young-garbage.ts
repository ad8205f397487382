import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const PROGRAM = join(import.meta.dirname, "young-garbage-program.ts");
const FLAGS = ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"];

/**
 * Lets 80 MB come and go in a collection of ours, in a process of its own: in one that has run other tests, V8 would take
 * for old what it does not in a run.
 *
 * @returns MiB that are kept without being in it
 */
export async function measurePile(collection: "signal" | "list" | "numbered"): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, PROGRAM, collection]);
  return Number(stdout);
}
