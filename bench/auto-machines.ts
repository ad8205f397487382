/**
 * Machines with free partitions (`--partition auto`) against fixed ones, in turns: the built `reupload run` on the storage
 * simulator, server copy and announcement, work items whose sizes follow Zipf's law, 100 ms a request and few slots, so that
 * the cores are idle for most of the time. Tells time against the perfect split, what the coordination asks, and the CPU.
 *
 * `npm run build && npx node bench/auto-machines.ts [--machines 1,2,4] [--seconds 60] [--partitions 256] [--rounds 1]
 * [--kinds auto,fixed]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { type ProgramCost, runMeasured } from "./support/measured-process.ts";
import { CSV, LISTING, writeRunInput } from "./support/run-input.ts";
import { zipf } from "./support/zipf.ts";

const { values } = parseArgs({
  options: {
    machines: { type: "string", default: "1,2,4" },
    seconds: { type: "string", default: "60" },
    partitions: { type: "string", default: "256" },
    rounds: { type: "string", default: "1" },
    kinds: { type: "string", default: "auto,fixed" },
  },
});
const LATENCY_MS = 100;
const SLOTS = 16;
/** The copy, then the announcement. */
const FILES_PER_SECOND = (SLOTS * 1_000) / (2 * LATENCY_MS);
const FILES_A_WORK_ITEM = 16;
/** Calls of the files themselves; all others are of the coordination, or of a start. */
const OF_FILES = /^(?:PutBlobFromURL|PutBlobFromUrl|PutMessage|put-blob-from-url|put-message)$/;

type Kind = "auto" | "fixed";

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
await using simulator = await startSimulator({
  realtime: true,
  settings: { latency: LATENCY_MS, "auto-create": true, "keep-container": "reupload-coordination" },
});
say(
  `| machines | partitions | files | s | of the perfect split | files/s a machine | coordination requests/min a machine | CPU of ${availableParallelism()} cores | load | files of each |`,
);
say("|---|---|---|---|---|---|---|---|---|---|");
for (let round = 0; round < Number(values.rounds); round++) {
  for (const machines of values.machines.split(",").map(Number)) {
    for (const kind of values.kinds.split(",") as Kind[]) await measure(machines, kind);
  }
}

async function measure(machines: number, kind: Kind): Promise<void> {
  const files = Math.ceil(FILES_PER_SECOND * Number(values.seconds) * machines);
  const folder = await mkdtemp(join(tmpdir(), "reupload-auto-"));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const filesOf = zipf(files, Math.ceil(files / FILES_A_WORK_ITEM));
  await writeRunInput(folder, { filesOf, source: `${simulator.blobEndpoint}/src-16384` });
  await simulator.reset();
  const cpuBefore = (await simulator.stats()).cpuSeconds;
  const total = kind === "auto" ? Number(values.partitions) : machines;
  const costs = await Promise.all(
    Array.from({ length: machines }, (_, at) => runOnce(folder, kind === "auto" ? "auto" : at, total, at)),
  );
  const { blobs, blobsMade, messagesPut, operations, cpuSeconds } = await simulator.stats();
  const kept = blobs - files;
  if (messagesPut !== files || blobsMade < files) {
    throw new Error(`${files} files: ${blobsMade} blobs made, ${kept} beside them, ${messagesPut} messages`);
  }
  const seconds = Math.max(...costs.map(({ ms }) => ms)) / 1_000;
  const perfect = Math.max(files / machines, filesOf[0] ?? 0) / FILES_PER_SECOND;
  const cpu = costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0) + cpuSeconds - cpuBefore;
  const others = Object.entries(operations)
    .filter(([name]) => !OF_FILES.test(name))
    .reduce((sum, [, statuses]) => sum + Object.values(statuses).reduce((all, count) => all + count, 0), 0);
  const columns = [
    machines,
    kind === "auto" ? `${total}, free` : `${total}, fixed`,
    files.toLocaleString("en-US"),
    seconds.toFixed(1),
    (seconds / perfect).toFixed(3),
    (files / machines / seconds).toFixed(1),
    ((others / machines / seconds) * 60).toFixed(0),
    `${((100 * cpu) / seconds / availableParallelism()).toFixed(0)} %`,
    (loadavg()[0] ?? 0).toFixed(1),
    costs.map(filesOfMachine).join(" "),
  ];
  say(`| ${columns.join(" | ")} |`);
}

async function runOnce(
  folder: string,
  partition: number | "auto",
  total: number,
  machine: number,
): Promise<ProgramCost> {
  const flags = {
    csv: CSV,
    files: LISTING,
    "state-db": `machine${machine}.db`,
    partition,
    "total-partitions": total,
    transfer: "server",
    concurrency: SLOTS,
    output: "json",
  };
  const program = join(import.meta.dirname, "..", "bin", "reupload.js");
  const cost = await runMeasured({
    command: process.execPath,
    args: [
      program,
      "run",
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
      "--create-missing",
    ],
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: simulator.connectionString },
    longestMs: 60_000 + 5_000 * Number(values.seconds),
  });
  if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.tail}`);
  return cost;
}

/** By its summary. */
function filesOfMachine({ tail }: ProgramCost): string {
  return /"thisStart":\{"elapsedMs":\d+,"files":(\d+)/.exec(tail)?.[1] ?? "?";
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
