/**
 * What coordination costs: the same run with and without it, in turns, on the simulator; and its requests a minute, of a run
 * that is held to few files a second. `npm run build && npx node bench/coordination-cost.ts`; the results stand in README.md.
 *
 *     node bench/coordination-cost.ts [--files 30000] [--rounds 5] [--latency 20] [--minutes 3]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runMeasured } from "./support/measured-process.ts";
import { CSV, evenly, LISTING, writeRunInput } from "./support/run-input.ts";
import { startSimulator } from "./simulator/start.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "30000" },
    rounds: { type: "string", default: "5" },
    latency: { type: "string", default: "20" },
    minutes: { type: "string", default: "3" },
  },
});
const files = Number(values.files);
const minutes = Number(values.minutes);
const BUILT = join(import.meta.dirname, "..", "dist", "cli", "main.js");
const WAYS = { with: [], without: ["--no-coordination"] } as const;
type Way = keyof typeof WAYS;

await using simulator = await startSimulator({
  settings: { latency: values.latency, "auto-create": true, "keep-container": "reupload-coordination" },
});
const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));

/** One partition of two, so that half of the files are its own. */
async function run(way: Way, more: readonly string[]) {
  await simulator.reset();
  const args = ["run", "--csv", CSV, "--files", LISTING, "--state-db", "state.db", "--create-missing"];
  args.push(
    "--partition",
    "0",
    "--total-partitions",
    "2",
    "--concurrency",
    "64",
    "--quiet",
    ...WAYS[way],
    ...more,
  );
  await Promise.all(
    ["", "-wal", "-shm", ".lock"].map(async (end) => rm(join(folder, `state.db${end}`), { force: true })),
  );
  const cost = await runMeasured({
    command: process.execPath,
    args: [BUILT, ...args],
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: simulator.connectionString },
    longestMs: 600_000,
  });
  if (cost.exitCode !== 0) throw new Error(`exit code ${cost.exitCode}\n${cost.tail}`);
  const { operations } = await simulator.stats();
  return { ...cost, requests: countRequests(operations) };
}

type Requests = Readonly<Record<string, number>>;

function countRequests(operations: Readonly<Record<string, Readonly<Record<string, number>>>>): Requests {
  return Object.fromEntries(
    Object.entries(operations).map(([name, statuses]) => [
      name,
      Object.values(statuses).reduce((sum, count) => sum + count, 0),
    ]),
  );
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;

try {
  const source = `${simulator.blobEndpoint}/src-16384`;
  await writeRunInput(folder, { filesOf: evenly(files, 50), source });
  const seconds: Record<Way, number[]> = { with: [], without: [] };
  const cpu: Record<Way, number[]> = { with: [], without: [] };
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const way of round % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)) {
      const { ms, cpuSeconds } = await run(way, []);
      // The first round warms up.
      if (round < 0) continue;
      seconds[way].push(ms / 1_000);
      cpu[way].push(cpuSeconds);
    }
  }
  process.stdout.write("| coordination | seconds, median (least to most) | CPU s |\n|---|---|---|\n");
  for (const way of ["with", "without"] as const) {
    const all = seconds[way];
    const range = `${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`;
    process.stdout.write(
      `| ${way} | ${median(all).toFixed(2)} (${range}) | ${median(cpu[way]).toFixed(2)} |\n`,
    );
  }
  const pairs = seconds.with.map((one, at) => one / (seconds.without[at] ?? Number.NaN));
  const range = `${Math.min(...pairs).toFixed(3)} to ${Math.max(...pairs).toFixed(3)}`;
  process.stdout.write(`with / without, pair by pair: ${median(pairs).toFixed(3)} (${range})\n\n`);

  // A copy and a message a file: so many files take about the minutes that are asked for.
  await writeRunInput(folder, { filesOf: evenly(Math.round(minutes * 60 * 40), 20), source });
  const slow = ["--max-requests", "40/s"];
  const [beside, alone] = [await run("with", slow), await run("without", slow)];
  process.stdout.write(`| request | in ${(beside.ms / 1_000).toFixed(0)} s | a minute |\n|---|---|---|\n`);
  for (const name of Object.keys(beside.requests)) {
    const more = (beside.requests[name] ?? 0) - (alone.requests[name] ?? 0);
    if (more === 0) continue;
    process.stdout.write(`| ${name} | ${more} | ${((more / beside.ms) * 60_000).toFixed(1)} |\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
