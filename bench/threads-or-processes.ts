/**
 * One process with threads against processes of one thread with a partition each, in turns: the same files, the same number
 * of slots in all, until the last one has ended. Each run is verified in the target; ratios are taken inside a round.
 *
 *     npm run build && npx node bench/threads-or-processes.ts [--threads 2] [--transfer server|stream] [--bytes 16384]
 *         [--files 30000] [--slots 128] [--rounds 3]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { runThreads, type ThreadRunCost } from "./support/thread-runs.ts";
import { type TurnFigure, turnsTable } from "./support/turns-table.ts";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    transfer: { type: "string", default: "server" },
    bytes: { type: "string", default: "16384" },
    files: { type: "string", default: "30000" },
    slots: { type: "string", default: "128" },
    rounds: { type: "string", default: "3" },
  },
});
const many = Number(values.threads);
const run = {
  files: Number(values.files),
  bytes: Number(values.bytes),
  transfer: values.transfer === "stream" ? ("stream" as const) : ("server" as const),
  slots: Number(values.slots),
};
const turns: { name: string; processes: number; threads: number | "auto"; runs: ThreadRunCost[] }[] = [
  { name: `${many} processes, --threads 1`, processes: many, threads: 1, runs: [] },
  { name: `one process, --threads ${many}`, processes: 1, threads: many, runs: [] },
  { name: "one process, --threads 1", processes: 1, threads: 1, runs: [] },
  { name: "one process, --threads auto", processes: 1, threads: "auto", runs: [] },
];

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
await using simulator = await startSimulator({
  tls: true,
  realtime: true,
  settings: { "auto-create": true, latency: 20 },
});
const folder = await mkdtemp(join(tmpdir(), "reupload-threads-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
for (let round = 0; round < Number(values.rounds); round++) {
  // Each round begins with another one.
  for (let turn = 0; turn < turns.length; turn++) {
    const { name, processes, threads, runs } = turns[(round + turn) % turns.length]!;
    const cost = await runThreads(simulator, folder, { ...run, processes, threads });
    runs.push(cost);
    process.stderr.write(`${name}: ${(cost.files / cost.seconds).toFixed(0)} files/s\n`);
  }
}

const figures: readonly TurnFigure<ThreadRunCost>[] = [
  ["files/s", (cost) => cost.files / cost.seconds],
  ["CPU us a file", (cost) => (1e6 * cost.cpuSeconds) / cost.files],
  ["MiB", (cost) => cost.peakMiB],
  ["late ms", (cost) => cost.lateMs],
  ["service's cores", (cost) => cost.serviceCpuSeconds / cost.seconds],
];
process.stdout.write(turnsTable(turns, figures, "of the first's"));
