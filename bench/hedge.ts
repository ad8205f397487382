/**
 * What second requests for stragglers gain: server copies on the simulator, of whose writes one in a hundred takes two
 * seconds, without and with them, in turns.
 *
 *     node bench/hedge.ts [--files 8000] [--at-once 64] [--rounds 3] [--latency 20] [--stragglers 1:2000]
 */
import { parseArgs } from "node:util";
import { parseConnectionString } from "../src/azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../src/azure/attempts/attempt.ts";
import { HEDGE_DEFAULTS, Hedging } from "../src/azure/attempts/hedge.ts";
import { Connections } from "../src/azure/wire/connections.ts";
import { RestBlobReader } from "../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../src/azure/calls/rest-blob-writer.ts";
import { RestClient } from "../src/azure/wire/rest-client.ts";
import { GATE_DEFAULTS, ServiceGate } from "../src/azure/gate/service-gate.ts";
import { SourceLinks } from "../src/azure/calls/source-links.ts";
import { Secret } from "../src/core/secret.ts";
import { Buffers } from "../src/transfer/buffers.ts";
import { Hasher } from "../src/transfer/hasher.ts";
import { AutoTransfer } from "../src/transfer/auto-transfer.ts";
import { TRANSFER_DEFAULTS } from "../src/transfer/tools.ts";
import { startSimulator } from "./simulator/start.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "8000" },
    "at-once": { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
    latency: { type: "string", default: "20" },
    stragglers: { type: "string", default: "1:2000" },
  },
});
const files = Number(values.files);
const atOnce = Number(values["at-once"]);
const { signal } = new AbortController();

await using simulator = await startSimulator({
  settings: { latency: values.latency, "write-stragglers": values.stragglers, "auto-create": true },
});
const account = parseConnectionString(new Secret(simulator.connectionString));
const client = new RestClient(
  REAL_SURROUNDINGS,
  account,
  new Connections(() => undefined, ATTEMPT_DEFAULTS.idleMs),
);
const gate = new ServiceGate(REAL_SURROUNDINGS, "simulator", GATE_DEFAULTS);

function ladderOf(attempts: Attempts): AutoTransfer {
  return new AutoTransfer({
    surroundings: REAL_SURROUNDINGS,
    settings: { ...TRANSFER_DEFAULTS, mode: "server" },
    writer: new RestBlobWriter(client, "c"),
    reader: new RestBlobReader(client),
    links: new SourceLinks(REAL_SURROUNDINGS, account),
    attempts,
    targetGate: gate,
    sourceGate: () => gate,
    buffers: new Buffers(0),
    hasher: new Hasher(),
  });
}

let made = 0;

/** Copies all files with so many slots. */
async function measure(isHedged: boolean) {
  const attempts = new Attempts(
    REAL_SURROUNDINGS,
    ATTEMPT_DEFAULTS,
    isHedged ? new Hedging(REAL_SURROUNDINGS, HEDGE_DEFAULTS) : undefined,
  );
  const ladder = ladderOf(attempts);
  const tookMs: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  let left = files;
  const slot = async (): Promise<void> => {
    while (left-- > 0) {
      const name = `${++made}.json`;
      const fileBegan = performance.now();
      const uri = `${simulator.blobEndpoint}/src-16384/${name}?sv=2024-11-04&sig=x`;
      const result = await ladder.transfer({ fileName: name, uri }, name, { signal });
      if (result.outcome !== "copied") throw new Error(`${name} is ${result.outcome}`);
      tookMs.push(performance.now() - fileBegan);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, slot));
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    seconds: ms / 1_000,
    perSecond: (1_000 * files) / ms,
    p99: sorted[Math.floor(0.99 * files)] ?? 0,
    longest: sorted.at(-1) ?? 0,
    cpuMs: (user + system) / 1_000 / files,
    hedges: (100 * attempts.figures.hedges) / files,
  };
}

type Figures = Awaited<ReturnType<typeof measure>>;

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;

function print(name: string, rounds: readonly Figures[]): void {
  const of = (key: keyof Figures, digits: number): string =>
    median(rounds.map((figures) => figures[key])).toFixed(digits);
  const cells = [
    of("perSecond", 0),
    of("seconds", 1),
    of("p99", 0),
    of("longest", 0),
    `${of("hedges", 2)} %`,
    of("cpuMs", 3),
  ];
  process.stdout.write(`| ${name} | ${cells.join(" | ")} |\n`);
}

const without: Figures[] = [];
const hedged: Figures[] = [];
// The first round opens the connections and is not counted.
for (let round = 0; round <= Number(values.rounds); round++) {
  const figures = [await measure(false), await measure(true)] as const;
  if (round === 0) continue;
  without.push(figures[0]);
  hedged.push(figures[1]);
}
process.stdout.write(
  "| second requests | files/s | run s | p99 ms | longest ms | asked twice | CPU ms a file |\n",
);
process.stdout.write("|---|---|---|---|---|---|---|\n");
print("none", without);
print("hedged", hedged);
