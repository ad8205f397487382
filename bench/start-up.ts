/**
 * How long `--version` and `--help` take beside a Node that does nothing, in turns:
 * `npm run build && npx node bench/start-up.ts [times]`; the results stand in README.md. Milliseconds, median.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const TIMES = Number(process.argv[2] ?? 30);
const MAIN = join(import.meta.dirname, "..", "dist", "cli", "main.js");
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "node -e 0": ["-e", "0"],
  "reupload --version": [MAIN, "--version"],
  "reupload --help": [MAIN, "--help"],
  "reupload run --help": [MAIN, "run", "--help"],
};

const taken = new Map(Object.keys(COMMANDS).map((name): [string, number[]] => [name, []]));
for (let time = 0; time <= TIMES; time++) {
  for (const [name, args] of Object.entries(COMMANDS)) {
    const began = performance.now();
    const { status } = spawnSync(process.execPath, args);
    if (status !== 0) throw new Error(`${name} exits with ${status}`);
    // The first round fills the compile cache.
    if (time > 0) taken.get(name)?.push(performance.now() - began);
  }
}
for (const [name, times] of taken) {
  const sorted = times.toSorted((a, b) => a - b);
  const [least = 0, middle = 0] = [sorted[0], sorted[sorted.length >> 1]];
  process.stdout.write(`${name.padEnd(20)} ${middle.toFixed(0)} (least ${least.toFixed(0)})\n`);
}
