/**
 * How well `plan --estimate` foretells: a run of one machine on a part of the work gives the rate (`--from-state`), then one
 * and two machines with fixed partitions do all of it on the storage simulator. Tells the range, the time and the error.
 *
 * `npm run build && npx node bench/estimate.ts [--files 12000] [--latency 40]`
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { runMeasured } from "./support/measured-process.ts";
import { CSV, LISTING, writeRunInput } from "./support/run-input.ts";

const { values } = parseArgs({
  options: { files: { type: "string", default: "12000" }, latency: { type: "string", default: "40" } },
});
const FILES_A_WORK_ITEM = 20;
const SLOTS = 8;
/** Part of the work items that the first run does. */
const PART = 0.2;
const PROGRAM = join(import.meta.dirname, "..", "bin", "reupload.js");

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
await using simulator = await startSimulator({
  realtime: true,
  settings: {
    latency: Number(values.latency),
    "auto-create": true,
    "keep-container": "reupload-coordination",
  },
});
const folder = await mkdtemp(join(tmpdir(), "reupload-estimate-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const workItems = Math.ceil(Number(values.files) / FILES_A_WORK_ITEM);
const filesOf = Array.from({ length: workItems }, () => FILES_A_WORK_ITEM);
await writeRunInput(folder, { filesOf, source: `${simulator.blobEndpoint}/src-16384` });
const [header = "", ...rows] = (await readFile(join(folder, CSV), "utf8")).trim().split("\n");
await writeFile(join(folder, "part.csv"), `${[header, ...rows.slice(0, workItems * PART)].join("\n")}\n`);

await run("part.csv", "part.db", []);
const { stdout } = await promisify(execFile)(
  process.execPath,
  [PROGRAM, "plan", CSV, "2", "--from-state", "part.db", "--output", "json"],
  { cwd: folder },
);
const { rows: estimates } = JSON.parse(stdout) as {
  rows: { machines: number; partitions: string; lowMs: number; highMs: number }[];
};
process.stdout.write(
  "| machines | estimate, s | run, s | error of the middle | load |\n|---|---|---|---|---|\n",
);
for (const machines of [1, 2]) {
  await simulator.reset();
  const share = (at: number) =>
    machines === 1 ? [] : ["--partition", String(at), "--total-partitions", String(machines)];
  const times = Array.from({ length: machines }, async (_, at) =>
    run(CSV, `${machines}-${at}.db`, share(at)),
  );
  const seconds = Math.max(...(await Promise.all(times)));
  const row = estimates.find((each) => each.machines === machines && each.partitions !== "auto");
  if (row === undefined) throw new Error(`no estimate for ${machines} machines`);
  const middle = (row.lowMs + row.highMs) / 2_000;
  const columns = [
    machines,
    `${(row.lowMs / 1_000).toFixed(1)} to ${(row.highMs / 1_000).toFixed(1)}`,
    seconds.toFixed(1),
    `${(((middle - seconds) / seconds) * 100).toFixed(0)} %`,
    (loadavg()[0] ?? 0).toFixed(1),
  ];
  process.stdout.write(`| ${columns.join(" | ")} |\n`);
}

/** @returns how long it took, s */
async function run(csv: string, state: string, more: readonly string[]): Promise<number> {
  const names = ["--csv", csv, "--files", LISTING, "--state-db", state];
  const how = [
    "--transfer",
    "server",
    "--concurrency",
    String(SLOTS),
    "--create-missing",
    "--output",
    "json",
  ];
  const cost = await runMeasured({
    command: process.execPath,
    args: [PROGRAM, "run", ...names, ...how, ...more],
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: simulator.connectionString },
    longestMs: 600_000,
  });
  if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.tail}`);
  return cost.ms / 1_000;
}
