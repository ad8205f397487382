/**
 * `npm run bench`: reupload against everything that a user could pick instead, on the simulated service. Prints a line a
 * run, and writes results.md (three quarters of an hour) and compare/raw/results.json.
 *
 *     npm run bench [-- [--only local,server,stream,0ms,50ms,throttled,skewed] [--bytes 16384] [--rounds 3]
 *         [--seconds 6] [--quick] [--no-peers]]
 *
 * `--bytes` takes only files of that size, `--seconds` is about how long a run is to take. `--quick` runs each contestant
 * once or twice, with few files, to see that it works (some 70 s); `--no-peers` leaves out the programs that are
 * installed. With any of these but `--rounds`, and until it is through, the page is compare/raw/part.md, so that
 * results.md is always a whole run. The exit code is 1 when a contestant that is installed fails to get its files into
 * the target (but for throttled cells, where some give up).
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Cell, CELLS, type Group, GROUPS, isInQuick, titleOf } from "./compare/cells.ts";
import { lookAround } from "./compare/circumstances.ts";
import { AZCOPY } from "./compare/contestants/azcopy.ts";
import { AZURE_CLI } from "./compare/contestants/azure-cli.ts";
import { ORIGINALS } from "./compare/contestants/original.ts";
import { RCLONE } from "./compare/contestants/rclone.ts";
import { REUPLOAD, REUPLOAD_FIXED, REUPLOAD_ON_ONE_CORE } from "./compare/contestants/reupload.ts";
import { SDK_SCRIPT } from "./compare/contestants/sdk-script.ts";
import { failureOf } from "./compare/figures.ts";
import { Inputs } from "./compare/inputs.ts";
import { nameOf, type Results, toMarkdown } from "./compare/report.ts";
import { type CellResult, type Comparison, runCell } from "./compare/run-cell.ts";
import type { Place } from "./compare/run-once.ts";
import { runSkewed, type Skewed } from "./compare/skewed.ts";
import { startSimulator } from "./simulator/start.ts";

const OURS = [REUPLOAD, REUPLOAD_FIXED, REUPLOAD_ON_ONE_CORE];
const PEERS = [AZCOPY, RCLONE, AZURE_CLI];
/** In the order of the tables. */
const REFERENCES = [SDK_SCRIPT, ...ORIGINALS];
const SKEWED = { files: 30_000, workItems: 300 };
/** Where the latency is the limit, and where this machine's processor begins to be. */
const SKEWED_SLOTS = [32, 64];
const SKEWED_QUICK = { files: 600, workItems: 20 };
const RUN_SECONDS = "6";
const RAW = join(import.meta.dirname, "compare", "raw");

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    bytes: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: RUN_SECONDS },
    quick: { type: "boolean", default: false },
    "no-peers": { type: "boolean", default: false },
  },
});
const groups = groupsOf(flags.only, flags.quick);
const rounds = flags.quick ? 1 : Number(flags.rounds);
const runSeconds = Number(flags.seconds);
if (!(rounds >= 1 && runSeconds >= 1)) throw new Error("--rounds and --seconds want a number from 1");

const contestants = [...OURS, ...(flags["no-peers"] ? [] : PEERS), ...REFERENCES];
const { circumstances, present } = await lookAround(contestants, process.argv.slice(2));
for (const { name, why } of circumstances.absent) say(`not here: ${name}: ${why}`);
const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(1));
}
await using simulator = await startSimulator({
  tls: true,
  realtime: true,
  settings: { "auto-create": true },
});
const service = simulator.tls;
if (service === undefined) throw new Error("the simulator does not listen for HTTPS");
process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(dirname(service.certificatePath), { recursive: true, force: true });
});
const place: Place = { simulator, service, folder };
const cells: CellResult[] = [];
const skewed: Skewed[] = [];
await measure();

async function measure(): Promise<void> {
  const comparison: Comparison = {
    place,
    inputs: new Inputs(folder, place.service),
    rounds,
    runSeconds,
    isQuick: flags.quick,
    forms: new Map(),
    say,
  };
  for (const cell of CELLS.filter(isWanted)) {
    say(titleOf(cell));
    cells.push(await runCell(comparison, cell, present));
    await write();
  }
  if (groups.has("skewed")) {
    say("skewed work items");
    const size = flags.quick ? SKEWED_QUICK : SKEWED;
    for (const slots of SKEWED_SLOTS) skewed.push(await runSkewed(place, { ...size, slots }, rounds, say));
  }
  say(`written: ${await write()}`);
  const failures = failuresOf();
  for (const failure of failures) say(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

function isWanted(cell: Cell): boolean {
  if (flags.bytes !== undefined && cell.bytes !== Number(flags.bytes)) return false;
  return groups.has(cell.group) && (!flags.quick || isInQuick(cell));
}

/** After each cell, so that a run that is ended early was not for nothing. @returns the page's path */
async function write(): Promise<string> {
  const results: Results = { circumstances, cells, skewed };
  const isOfAll = !flags.quick && !flags["no-peers"] && flags.bytes === undefined;
  const isWhole =
    isOfAll && flags.seconds === RUN_SECONDS && groups.size === GROUPS.length && skewed.length > 0;
  await mkdir(RAW, { recursive: true });
  await writeFile(join(RAW, isWhole ? "results.json" : "part.json"), JSON.stringify(results, undefined, 2));
  const path = isWhole ? join(import.meta.dirname, "results.md") : join(RAW, "part.md");
  await writeFile(path, toMarkdown(results));
  return path;
}

function failuresOf(): string[] {
  const failed = cells.flatMap(({ cell, lines }) =>
    lines
      .filter((line) => cell.group !== "throttled" && failureOf(line) !== undefined)
      .map((line) => `${nameOf(line)}, ${titleOf(cell)}: ${failureOf(line)}`),
  );
  const inSkewed = skewed.map(failureOf).filter((failure) => failure !== undefined);
  return [...failed, ...inSkewed.map((failure) => `skewed work items: ${failure}`)];
}

/** Those asked for; a quick run has the usual latency alone. @throws when one is not known */
function groupsOf(only: string | undefined, isQuick: boolean): ReadonlySet<Group> {
  if (only === undefined) return new Set(isQuick ? ["local", "server", "stream", "skewed"] : GROUPS);
  return new Set(
    only.split(",").map((word) => {
      const group = GROUPS.find((name) => name === word);
      if (group === undefined) throw new Error(`--only takes ${GROUPS.join(", ")}; not ${word}`);
      return group;
    }),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
