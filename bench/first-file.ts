/**
 * How long it takes from the start of the process to the first file in the target, with a large CSV and a listing of
 * one or ten files a work item, in 16 and in 200 slots: `npm run build && npx node bench/first-file.ts [rows] [times]`;
 * the results stand in README.md. Each time is a new run, and then a resume of it after a kill; the emulator and a
 * proxy stand for the account. Seconds, median of the times.
 */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "./compare/figures.ts";
import { startEmulator } from "../src/emulator/emulator.ts";
import { emulator as clientsOf } from "../test/support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../test/support/fault-proxy.ts";
import { startCli } from "../test/support/run-cli.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const ROWS = Number(process.argv[2] ?? 100_000);
const TIMES = Number(process.argv[3] ?? 5);

await using emulator = await running();
await using proxy = await startFaultProxy(emulator);
const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
try {
  // All rows name one blob: what is measured ends with the first copy of it.
  const blob = clientsOf(emulator.connectionString).container("source").getBlockBlobClient("source.json");
  await clientsOf(emulator.connectionString).container("source").create();
  await blob.upload("{}", 2);
  const ids = Array.from({ length: ROWS }, (_, at) => 1_889_000_000 + ((at * 7919) % 30_000_000));
  await writeLines("failed_workitems.csv", "JobId,WorkItemId", 1, (at) => `70431,${ids[at] ?? 0}`);
  const source = `${proxy.blobEndpoint}/source/source.json`;
  for (const filesEach of [1, 10]) {
    const row = (at: number, file: number): string => `70431,${ids[at] ?? 0},,${source},file-${file}.json`;
    await writeLines("listing.csv", "JobId,WorkItemId,WorkItemName,Uri,FileName", filesEach, row);
    for (const workers of [4, 20]) {
      const fresh: number[] = [];
      const resumed: number[] = [];
      for (let time = 0; time < TIMES; time++) {
        const state = `state-${filesEach}-${workers}-${time}.db`;
        fresh.push(await secondsToFirstPut(proxy, state, workers));
        resumed.push(await secondsToFirstPut(proxy, state, workers));
      }
      const figures = `${median(fresh).toFixed(2)} s, on resume ${median(resumed).toFixed(2)} s`;
      process.stdout.write(`${ROWS} rows, ${filesEach} files each, ${slotsOf(workers)} slots: ${figures}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** The defaults for 20 work items open. */
function slotsOf(workers: number): number {
  return workers === 20 ? 200 : workers * workers;
}

/** Starts the command, waits for the answer to the first put, kills it. */
async function secondsToFirstPut(through: FaultProxy, state: string, workers: number): Promise<number> {
  through.forget();
  const began = performance.now();
  const words = `run --resume --csv failed_workitems.csv --files listing.csv --create-missing --state-db ${state}`;
  const slots = `--workitem-workers ${workers} --file-workers ${slotsOf(workers) / workers}`;
  const target = `--target-container ${state.replace(".db", "")}`;
  const command = startCli(`${words} ${slots} ${target}`.split(" "), {
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: through.connectionString },
  });
  let isOver = false;
  void command.done.finally(() => (isOver = true)).catch(() => {});
  const isThere = (): boolean =>
    through.requests.some(({ operation, status }) => operation === "put-blob" && status === 201);
  while (!isThere()) {
    if (isOver) throw new Error(`it ended early: ${command.stderr}`);
    await sleep(1);
  }
  const seconds = (performance.now() - began) / 1000;
  await command.kill();
  return seconds;
}

async function writeLines(
  name: string,
  header: string,
  linesEach: number,
  line: (row: number, place: number) => string,
): Promise<void> {
  function* lines(): Generator<string> {
    yield `${header}\n`;
    for (let row = 0; row < ROWS; row++) {
      const own = Array.from({ length: linesEach }, (_, place) => `${line(row, place)}\n`);
      yield own.join("");
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(join(folder, name)));
}

async function running() {
  const started = await startEmulator({
    surroundings: REAL_SURROUNDINGS,
    signal: AbortSignal.timeout(60_000),
  });
  return { ...started, [Symbol.asyncDispose]: () => started.stop() };
}
