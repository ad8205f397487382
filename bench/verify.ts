/**
 * How long `reupload verify` takes, with how many requests and how much memory: the built command on the storage
 * simulator over TLS, whose target holds every file already.
 *
 * `npm run build && npx node bench/verify.ts [--files 16800,168000,1680000] [--each 80] [--latency 20]`
 *
 * `--each` is how many files a work item has, `--latency` what a request takes at least, ms. 1,680,000 files take about
 * 5 minutes on two cores, most of it for filling the target.
 */
import { hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { once } from "node:events";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";
import { type Simulator, startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { runMeasured } from "./support/measured-process.ts";
import { CSV, LISTING } from "./support/run-input.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "16800,168000,1680000" },
    each: { type: "string", default: "80" },
    latency: { type: "string", default: "20" },
  },
});
const each = Number(values.each);
const CONTENT = "x";
const MD5 = hash("md5", CONTENT, "base64");
const CONTAINER = "results";
/** That fill the target, each with one request at a time. */
const SOCKETS = 64;
const LONGEST_MS = 30 * 60_000;

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
say(`${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${values.latency} ms a request`);
say("| files | work items | list requests | other requests | seconds | files/s | CPU s | peak MiB |");
say("|---|---|---|---|---|---|---|---|");
for (const files of values.files.split(",").map(Number)) await measure(files);

async function measure(files: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-verify-"));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await using simulator = await startSimulator({ tls: true, settings: { "auto-create": true } });
  await writeInput(folder, files);
  await fill(simulator, files);
  await simulator.control({ latency: Number(values.latency) });
  await simulator.reset({ keepContent: true });
  const { connectionString, certificatePath } = simulator.tls ?? {
    connectionString: "",
    certificatePath: "",
  };
  const cost = await runMeasured({
    command: process.execPath,
    args: [
      join(import.meta.dirname, "..", "dist", "cli", "main.js"),
      "verify",
      "--csv",
      CSV,
      "--files",
      LISTING,
      "--target-container",
      CONTAINER,
      "--quiet",
      "--log-file",
      "log.ndjson",
    ],
    cwd: folder,
    env: { AZURE_STORAGE_CONNECTION_STRING: connectionString, NODE_EXTRA_CA_CERTS: certificatePath },
    longestMs: LONGEST_MS,
  });
  const summary = await readSummary(join(folder, "log.ndjson"));
  if (cost.exitCode !== 0 || summary.files.sameByMd5 !== files) {
    throw new Error(`${cost.exitCode}: ${JSON.stringify(summary)}\n${cost.tail}`);
  }
  const { lists, looks, elapsedMs } = summary.cost;
  const cells = [
    files,
    Math.ceil(files / each),
    lists,
    looks,
    (cost.ms / 1_000).toFixed(1),
    Math.round(files / (elapsedMs / 1_000)),
    cost.cpuSeconds.toFixed(1),
    Math.round(cost.peakMiB),
  ];
  say(
    `| ${cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)).join(" | ")} |`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Summary {
  readonly type: string;
  readonly files: { readonly sameByMd5: number };
  readonly cost: { readonly lists: number; readonly looks: number; readonly elapsedMs: number };
}

async function readSummary(log: string): Promise<Summary> {
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  const found = lines
    .map((line) => JSON.parse(line) as Summary)
    .find(({ type }) => type === "verify-summary");
  if (found === undefined) throw new Error("no summary");
  return found;
}

function* blobNames(
  files: number,
): Generator<{ readonly item: number; readonly file: string; readonly blob: string }> {
  for (let at = 0; at < files; at++) {
    const item = Math.floor(at / each);
    const file = `${at % each}-perf-lab-report.json`;
    yield { item, file, blob: `perf.partition${item}.work-${file}` };
  }
}

async function writeInput(folder: string, files: number): Promise<void> {
  const csv = createWriteStream(join(folder, CSV));
  const listing = createWriteStream(join(folder, LISTING));
  csv.write("JobId,WorkItemId,WorkItemName\n");
  listing.write("JobId,WorkItemId,WorkItemName,Uri,FileName,Length,ContentMD5\n");
  for (const { item, file } of blobNames(files)) {
    const id = `job,${item},perf.partition${item}.work`;
    if (file.startsWith("0-")) csv.write(`${id}\n`);
    const uri = `https://source.blob.core.windows.net/src/${item}/${file}?sv=2024-11-04&sig=x`;
    if (!listing.write(`${id},${uri},${file},1,${MD5}\n`)) await once(listing, "drain");
  }
  csv.end();
  listing.end();
  await Promise.all([finished(csv), finished(listing)]);
}

/** Puts every blob, past the command: by plain requests on kept connections. */
async function fill({ blobEndpoint }: Simulator, files: number): Promise<void> {
  const { hostname, port, pathname } = new URL(blobEndpoint);
  const names = blobNames(files);
  await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const socket = connect(Number(port), hostname);
      socket.setEncoding("latin1").setNoDelay(true);
      await once(socket, "connect");
      for (const { blob } of names)
        await putBlob(socket, `${pathname}/${CONTAINER}/${blob}`, `${hostname}:${port}`);
      socket.end();
    }),
  );
}

async function putBlob(socket: Socket, path: string, host: string): Promise<void> {
  const head = [
    `PUT ${path} HTTP/1.1`,
    `Host: ${host}`,
    "x-ms-version: 2021-12-02",
    "x-ms-blob-type: BlockBlob",
    "x-ms-blob-content-type: application/json",
    `Content-MD5: ${MD5}`,
    `x-ms-blob-content-md5: ${MD5}`,
    `Content-Length: ${CONTENT.length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${CONTENT}`);
  const [answer] = (await once(socket, "data")) as [string];
  if (!answer.startsWith("HTTP/1.1 201")) throw new Error(answer.slice(0, 300));
}
