/**
 * What the calls of a file cost this process: our client against the SDK, in turns in one process, on the simulator.
 *
 *     node bench/hot-path.ts [--seconds 4] [--rounds 3] [--latency 20] [--at-once 64]
 */
import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import { type StorageAccount, parseConnectionString } from "../src/azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../src/azure/attempts/attempt.ts";
import type { AttemptContext } from "../src/azure/attempts/attempt-clock.ts";
import type { BlobReader, BlobWriter } from "../src/azure/calls/blob-calls.ts";
import { RequestBudget } from "../src/azure/attempts/effort.ts";
import { Connections } from "../src/azure/wire/connections.ts";
import { RestBlobReader } from "../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../src/azure/calls/rest-blob-writer.ts";
import { RestClient } from "../src/azure/wire/rest-client.ts";
import { GATE_DEFAULTS, ServiceGate } from "../src/azure/gate/service-gate.ts";
import { Buffers } from "../src/transfer/buffers.ts";
import { Secret } from "../src/core/secret.ts";
import { SdkBlobReader } from "../test/azure/sdk/blob-reader.ts";
import { SdkBlobWriter } from "../test/azure/sdk/blob-writer.ts";
import { startSimulator } from "./simulator/start.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    latency: { type: "string", default: "20" },
    "at-once": { type: "string", default: "64" },
  },
});
const SMALL = Buffer.from("{}");
const MEDIUM_BYTES = 64 * 1024;
const OPTIONS = { createOnly: true, headers: { contentType: "application/json" }, metadata: {} };
const signal = new AbortController().signal;
const attempts = new Attempts(REAL_SURROUNDINGS, ATTEMPT_DEFAULTS);

interface Client {
  readonly name: string;
  readonly writer: BlobWriter;
  readonly reader: BlobReader;
}

interface Figures {
  readonly cpuMs: number;
  readonly perSecond: number;
}

/** The same clients for all rounds: their connections are open after the first. */
function clientsOf(account: StorageAccount): Client[] {
  const rest = new RestClient(
    REAL_SURROUNDINGS,
    account,
    new Connections(() => undefined, ATTEMPT_DEFAULTS.idleMs),
  );
  return [
    { name: "SDK", writer: new SdkBlobWriter(account, "c"), reader: new SdkBlobReader(account) },
    { name: "REST", writer: new RestBlobWriter(rest, "c"), reader: new RestBlobReader(rest) },
  ];
}

const gate = new ServiceGate(REAL_SURROUNDINGS, "simulator", GATE_DEFAULTS);
const ask = async <T>(request: (pulse: AttemptContext) => Promise<T>): Promise<T> =>
  attempts.run(gate, new RequestBudget(signal, 600_000), "bench", request);

const buffers = new Buffers(64 * 2 ** 20);
let made = 0;
const FILES: Record<string, (client: Client) => Promise<void>> = {
  "PUT, small": async ({ writer }) => {
    const name = `small-${++made}`;
    await ask(async (pulse) => writer.putBlob(name, SMALL, OPTIONS, pulse));
  },
  "GET + PUT, 64 KiB": async ({ writer, reader }) => {
    const access = { url: writer.blobUrl("source"), as: "account" } as const;
    const { bytes, release } = await ask(async (pulse) => {
      const opened = await reader.open(access, undefined, pulse);
      const held = await buffers.acquire(opened.properties.length, pulse.signal);
      await opened.readInto(held.bytes);
      return held;
    });
    const name = `medium-${++made}`;
    await ask(async (pulse) => writer.putBlob(name, bytes, OPTIONS, pulse));
    release();
  },
};

/** Works with so many slots for so long. */
async function measure(file: (client: Client) => Promise<void>, client: Client): Promise<Figures> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const ends = began + Number(values.seconds) * 1000;
  let files = 0;
  const slot = async (): Promise<void> => {
    for (; performance.now() < ends; files++) await file(client);
  };
  await Promise.all(Array.from({ length: Number(values["at-once"]) }, slot));
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000 / files, perSecond: files / ((performance.now() - began) / 1000) };
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function compare(protocol: string, account: StorageAccount): Promise<void> {
  const clients = clientsOf(account);
  for (const [what, file] of Object.entries(FILES)) {
    const figures = new Map(clients.map(({ name }) => [name, [] as Figures[]]));
    // The first round opens the connections and is not counted.
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const client of clients) {
        const measured = await measure(file, client);
        if (round > 0) figures.get(client.name)?.push(measured);
      }
    }
    const cpu = clients.map(({ name }) => median((figures.get(name) ?? []).map(({ cpuMs }) => cpuMs)));
    const rate = clients.map(({ name }) => median((figures.get(name) ?? []).map((one) => one.perSecond)));
    const cells = [
      what,
      protocol,
      ...cpu.map((ms) => ms.toFixed(3)),
      ((cpu[1] ?? 0) / (cpu[0] ?? 1)).toFixed(2),
      ...rate.map((files) => Math.round(files).toString()),
    ];
    print(`| ${cells.join(" | ")} |`);
  }
}

await using simulator = await startSimulator({
  tls: true,
  settings: { latency: values.latency, "auto-create": true, forget: false },
});
print("| a file | over | SDK CPU ms | REST CPU ms | ratio | SDK files/s | REST files/s |");
print("|---|---|---|---|---|---|---|");
for (const [protocol, endpoints] of [
  ["HTTP", simulator],
  ["TLS", simulator.tls],
] as const) {
  if (endpoints === undefined) continue;
  if ("certificatePath" in endpoints) {
    const certificate = await readFile(endpoints.certificatePath, "utf8");
    setDefaultCACertificates([...getCACertificates("default"), certificate]);
  }
  const account = parseConnectionString(new Secret(endpoints.connectionString));
  const [first] = clientsOf(account);
  await ask(async (pulse) =>
    first?.writer.putBlob(
      "source",
      Buffer.alloc(MEDIUM_BYTES, "x"),
      { ...OPTIONS, createOnly: false },
      pulse,
    ),
  );
  await compare(protocol, account);
  const { connectionsMade } = await simulator.stats();
  print(`\n${connectionsMade} connections made so far.\n`);
}
