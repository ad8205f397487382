/**
 * How long a user waits for the first file: from the start of the process to the first PUT that the emulator's proxy
 * sees, with 100,000 rows in the CSV and a listing with a file for each, nothing of it indexed before.
 *
 *   node bench/first-file.ts [repetitions]     (after npm run build)
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { startEmulator } from "../src/emulator/emulator.ts";
import { startFaultProxy } from "../test/support/fault-proxy.ts";
import { startCli } from "../test/support/run-cli.ts";

const ROWS = 100_000;
const repetitions = Number(process.argv[2] ?? 5);

const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
const emulator = await startEmulator({ signal: AbortSignal.timeout(60_000) });
const proxy = await startFaultProxy(emulator);
try {
  const source = BlobServiceClient.fromConnectionString(emulator.connectionString).getContainerClient(
    "source",
  );
  await source.create();
  await source.getBlockBlobClient("file.json").upload("{}", 2);
  const ids = Array.from({ length: ROWS }, (_, index) => 1_889_000_000 + index * 7);
  const link = `${proxy.blobEndpoint}/source/file.json`;
  await writeFile(join(folder, "rows.csv"), `JobId,WorkItemId\n${ids.map((id) => `70431,${id}\n`).join("")}`);
  await writeFile(
    join(folder, "listing.csv"),
    `JobId,WorkItemId,WorkItemName,Uri,FileName\n${ids.map((id) => `70431,${id},,${link},file.json\n`).join("")}`,
  );
  const seconds: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    seconds.push(await untilFirstPut(`state${repetition}`));
  }
  seconds.sort((a, b) => a - b);
  process.stdout.write(
    `first PUT after ${seconds.map((value) => value.toFixed(2)).join(", ")} s (${ROWS} rows, ${repetitions} starts)\n`,
  );
} finally {
  await proxy.stop();
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Starts a run with a new state and ends it when its first file comes. */
async function untilFirstPut(state: string): Promise<number> {
  proxy.forget();
  const began = performance.now();
  const running = startCli(
    [
      ...["run", "--csv", "rows.csv", "--files", "listing.csv", "--state-db", `${state}.db`],
      ...["--target-container", state, "--queue", state, "--create-missing"],
    ],
    { cwd: folder, env: { AZURE_STORAGE_CONNECTION_STRING: proxy.connectionString } },
  );
  const isOver = running.done.then(() => true);
  const isFile = ({ operation }: { operation: string }): boolean => operation === "put-blob";
  while (!proxy.requests.some(isFile)) {
    const pause = new Promise<boolean>((resolve) => setTimeout(resolve, 2, false));
    if (await Promise.race([isOver, pause])) throw new Error((await running.done).stderr);
  }
  const first = proxy.requests.find(isFile)?.at ?? Number.NaN;
  await running.kill();
  return (first - began) / 1000;
}
