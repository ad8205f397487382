/**
 * A CSV of 5 million rows through `partitions` and into the state, each in a process of its own: rows a second and the
 * largest resident memory. `npx node bench/huge-csv.ts [rows]`; the results stand in README.md.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setStartFlags } from "../src/job/start-flags.ts";
import { partitionInput } from "../src/input/partition-input.ts";
import { countPartitions } from "../src/input/distribution.ts";
import { openRun } from "../src/state/sqlite/open-run.ts";
import { DESCRIPTION, workItemAt } from "./state-support.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const ROWS_A_WRITE = 10_000;
const { signal } = new AbortController();
setStartFlags();

/** The order of the rows: by job as a query gives them, or none at all (the worst for the key's index). */
const ORDERS: Record<string, (index: number, rows: number) => number> = {
  "by job": (index) => index,
  shuffled: (index, rows) => (index * 7_368_787) % rows,
};

function writeCsv(path: string, rows: number, order: (index: number, rows: number) => number): void {
  const file = openSync(path, "w");
  writeSync(file, "JobId,WorkItemId,WorkItemName\n");
  for (let at = 0; at < rows; at += ROWS_A_WRITE) {
    const lines = Array.from({ length: Math.min(ROWS_A_WRITE, rows - at) }, (_, index) => {
      const { jobId, workItemId, workItemName } = workItemAt(order(at + index, rows));
      return `${jobId},${workItemId},${workItemName}\n`;
    });
    writeSync(file, lines.join(""));
  }
  closeSync(file);
}

const WAYS: Record<string, (csv: string, state: string) => Promise<number>> = {
  partitions: async (csv) => (await countPartitions({ path: csv }, 4, { signal })).rows,
  "into the state": (csv, state) => load(csv, state, 1),
  "compared on resume": (csv, state) => load(csv, state, 1),
  "a quarter into the state": (csv, state) => load(csv, `${state}.quarter`, 4),
};

async function load(csv: string, path: string, totalPartitions: number): Promise<number> {
  const input = partitionInput({
    source: { path: csv },
    partition: 0,
    totalPartitions,
    rejectedPath: `${csv}.rejected`,
    signal,
  });
  const options = { location: path, resume: true, updateCsv: false, retryFailed: "all" } as const;
  const store = await openRun(REAL_SURROUNDINGS, options, DESCRIPTION, input, { signal });
  await store.close();
  return store.run.input.rows;
}

const tell = (text: string): boolean => process.stdout.write(`${text}\n`);
const whole = (value: number): string => Math.round(value).toLocaleString("en");

/** In a process of its own. */
async function measure(way: string, csv: string, state: string): Promise<void> {
  const start = performance.now();
  const rows = (await WAYS[way]?.(csv, state)) ?? 0;
  const seconds = (performance.now() - start) / 1_000;
  const peak = process.resourceUsage().maxRSS / 1_024;
  tell(`${way}: ${whole(rows / seconds)} rows/s, peak ${whole(peak)} MiB`);
}

function main(rows: number): void {
  const folder = mkdtempSync(join(tmpdir(), "huge-csv-"));
  for (const [name, order] of Object.entries(ORDERS)) {
    const csv = join(folder, `${name}.csv`);
    writeCsv(csv, rows, order);
    tell(`${whole(rows)} rows ${name}, ${whole(statSync(csv).size / 1e6)} MB`);
    for (const way of Object.keys(WAYS)) {
      const args = [
        ...process.execArgv,
        fileURLToPath(import.meta.url),
        way,
        csv,
        join(folder, `${name}.db`),
      ];
      spawnSync(process.execPath, args, { stdio: "inherit" });
    }
    rmSync(csv);
  }
  rmSync(folder, { recursive: true });
}

const [first, csv, state] = process.argv.slice(2);
if (csv !== undefined && state !== undefined) await measure(first ?? "", csv, state);
else main(Number(first ?? 5_000_000));
