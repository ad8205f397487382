/**
 * How fast a CSV of work items is read, and with how much memory, beside csv-parse:
 * `npx node bench/read-csv.ts [rows]`; the results stand in README.md. Rates are rows a second of processor time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { CsvMachine } from "../src/core/csv.ts";
import { partitionInput } from "../src/input/partition-input.ts";
import { readWorkItems } from "../src/input/read-csv.ts";

const ROWS = Number(process.argv[2] ?? 2_000_000);
const ROWS_A_CHUNK = 2_500;
const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "reupload-bench-"));

const KINDS: Record<string, (index: number) => string> = {
  "ids only": (index) => `5000${index >> 8},${1_889_211_721 + index}`,
  quoted: (index) => `"5000${index >> 8}","${1_889_211_721 + index}"`,
  "names with umlauts": (index) => `5000${index >> 8},${1_889_211_721 + index},Prüfstand ${index}`,
};

/** Made beforehand, so that only the reading is measured. */
function chunksOf(line: (index: number) => string): Buffer[] {
  const header = line(0).split(",").length === 3 ? "JobId,WorkItemId,WorkItemName" : "JobId,WorkItemId";
  const chunks = [Buffer.from(`${header}\r\n`)];
  for (let at = 0; at < ROWS; at += ROWS_A_CHUNK) {
    const lines = Array.from({ length: Math.min(ROWS_A_CHUNK, ROWS - at) }, (_, index) => line(at + index));
    chunks.push(Buffer.from(`${lines.join("\r\n")}\r\n`));
  }
  return chunks;
}

type Way = (chunks: readonly Buffer[]) => Promise<number>;

async function* stream(chunks: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const shareOf =
  (totalPartitions: number): Way =>
  async (chunks) => {
    const source = { path: "bench", bytes: stream(chunks) };
    const rejectedPath = join(folder, "rejected.csv");
    const input = partitionInput({ source, partition: 0, totalPartitions, rejectedPath, signal });
    return (await input.read((workItems) => workItems.length)).counts.rows;
  };

const WAYS: Record<string, Way> = {
  "the CSV machine, ids taken": async (chunks) => {
    let rows = -1;
    let characters = 0;
    const machine = new CsvMachine(
      {
        record(record) {
          rows++;
          characters += record.field(0).length + record.field(1).length;
        },
        rejected: ({ raw }) => {
          throw new Error(raw);
        },
      },
      { delimiter: ",", trim: true },
    );
    for (const chunk of chunks) machine.push(chunk);
    machine.end();
    return characters > 0 ? rows : 0;
  },
  "work items": async (chunks) => {
    let rows = 0;
    for await (const batch of readWorkItems({ path: "bench", bytes: stream(chunks) }, { signal })) {
      rows += batch.length;
    }
    return rows;
  },
  "with digest": shareOf(1),
  "with digest and 2 partitions": shareOf(2),
  "csv-parse 7": async (chunks) => {
    let rows = -1;
    for await (const record of Readable.from(chunks).pipe(parse()) as AsyncIterable<string[]>) {
      rows += record.length > 0 ? 1 : 0;
    }
    return rows;
  },
};

for (const [kind, line] of Object.entries(KINDS)) {
  const chunks = chunksOf(line);
  for (const [name, way] of Object.entries(WAYS)) {
    const before = process.cpuUsage();
    const rows = await way(chunks);
    const { user, system } = process.cpuUsage(before);
    if (rows !== ROWS) throw new Error(`${name}: ${rows} rows of ${ROWS}`);
    const rate = rows / (user + system);
    process.stdout.write(`${kind} | ${name} | ${rate.toFixed(2)} M rows/s\n`);
  }
}
rmSync(folder, { recursive: true });
