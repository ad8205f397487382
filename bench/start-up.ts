/**
 * What a start costs beside a Node that does nothing, in turns: `--version`, `--help`, and a whole run of two files on
 * the storage simulator (plain HTTP, no latency), signed in to by key and by SAS.
 *
 * `npm run build && npx node bench/start-up.ts [--times 20] [--beside OTHER/dist/cli/main.js]`, the latter to have
 * another build in the same turns; the results stand in README.md. Medians.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "./compare/figures.ts";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { ALONE } from "./support/alone.ts";
import { type ProgramCost, runMeasured } from "./support/measured-process.ts";
import { CSV, LISTING, writeRunInput } from "./support/run-input.ts";

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "20" },
    beside: { type: "string" },
    executable: { type: "string" },
  },
});
const MAIN = join(import.meta.dirname, "..", "dist", "cli", "main.js");

interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly connectionString?: string;
}

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
await using simulator = await startSimulator({
  settings: { "auto-create": true, forget: true, latency: "0" },
});
await writeRunInput(folder, { filesOf: [2], source: `${simulator.blobEndpoint}/src-16384` });

const { blobEndpoint, queueEndpoint, connectionString } = simulator;
const sas = "sv=2024-11-04&ss=bq&srt=sco&sp=rwlac&sig=x";
const withSas = `BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint};SharedAccessSignature=${sas}`;

/** @param before what the program is called by: its script for Node, nothing for an executable */
function startsOf(command: string, before: readonly string[], note: string): Start[] {
  const run = [
    ...before,
    "run",
    "--csv",
    CSV,
    "--files",
    LISTING,
    "--create-missing",
    "--quiet",
    "--state-db",
  ];
  return [
    { name: `reupload --version${note}`, command, args: [...before, "--version"] },
    { name: `reupload run --help${note}`, command, args: [...before, "run", "--help"] },
    { name: `reupload run, 2 files, key${note}`, command, args: run, connectionString },
    { name: `reupload run, 2 files, SAS${note}`, command, args: run, connectionString: withSas },
  ];
}

const starts = [
  { name: "node -e 0", command: process.execPath, args: ["-e", "0"] },
  ...startsOf(process.execPath, [MAIN], ""),
  ...(values.beside === undefined ? [] : startsOf(process.execPath, [values.beside], " (beside)")),
  ...(values.executable === undefined ? [] : startsOf(values.executable, [], " (executable)")),
];

let states = 0;

async function measure({ name, command, args, connectionString: account }: Start): Promise<ProgramCost> {
  const cost = await runMeasured({
    command,
    args: args.at(-1) === "--state-db" ? [...args, `state-${++states}.db`] : args,
    cwd: folder,
    ...(account !== undefined && { env: { ...ALONE, AZURE_STORAGE_CONNECTION_STRING: account } }),
    longestMs: 20_000,
  });
  if (cost.exitCode !== 0) throw new Error(`${name} exits with ${cost.exitCode}: ${cost.tail}`);
  return cost;
}

try {
  const costs = new Map(starts.map(({ name }): [string, ProgramCost[]] => [name, []]));
  for (let time = 0; time <= Number(values.times); time++) {
    for (const start of starts) {
      const cost = await measure(start);
      // The first round fills the compile cache.
      if (time > 0) costs.get(start.name)?.push(cost);
    }
  }
  for (const [name, all] of costs) {
    const ms = median(all.map((cost) => cost.ms));
    const cpu = median(all.map((cost) => cost.cpuSeconds * 1_000));
    const peak = median(all.map((cost) => cost.peakMiB));
    process.stdout.write(
      `${name.padEnd(38)} ${ms.toFixed(0).padStart(5)} ms ${cpu.toFixed(0).padStart(5)} ms CPU ${peak.toFixed(0).padStart(5)} MiB\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
