/**
 * How long the command line takes to start, beside Node itself: the two take turns, so that what else the machine
 * does falls on both.
 *
 *   node bench/start.ts [repetitions]     (after npm run build)
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const repetitions = Number(process.argv[2] ?? 15);
const main = join(import.meta.dirname, "..", "dist", "cli", "main.js");
const commands: Readonly<Record<string, readonly string[]>> = {
  "node -e 0": ["-e", "0"],
  "reupload --version": [main, "--version"],
  "reupload --help": [main, "--help"],
  "reupload run --help": [main, "run", "--help"],
  "reupload run (refused: no CSV)": [main, "run"],
};

const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
for (let repetition = 0; repetition <= repetitions; repetition++) {
  for (const [name, args] of Object.entries(commands)) {
    const began = performance.now();
    spawnSync(process.execPath, args, { stdio: "ignore" });
    // The first round fills the caches.
    if (repetition > 0) times.get(name)?.push(performance.now() - began);
  }
}
for (const [name, values] of times) {
  values.sort((a, b) => a - b);
  const [least = Number.NaN] = values;
  const median = values[values.length >> 1] ?? Number.NaN;
  process.stdout.write(`${name.padEnd(32)} median ${median.toFixed(0)} ms, least ${least.toFixed(0)} ms\n`);
}
