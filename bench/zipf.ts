/**
 * Work items of very different sizes: 30,000 files in 300 work items by Zipf's law, the largest last, server copy and
 * announcement at 20 ms a request. How long that takes with fixed slots, beside the least that latency and slots allow, and
 * beside a bare undici loop with as many; and where the time beyond the least is spent.
 *
 *     npm run build && node bench/zipf.ts [--slots 32,64] [--files 30000] [--work-items 300] [--rounds 1]
 *         [--beside OTHER/bin/reupload.js] [--bare]
 *
 * What a stretch of time is over: its length, less the service times of the requests that were answered in it, divided
 * among the slots. So the parts add up to what the whole run is over.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Contestant, sourceContainer } from "./compare/contestants/contestant.ts";
import { bareLoop } from "./compare/contestants/bare-loop.ts";
import { besideReupload, concurrency, REUPLOAD } from "./compare/contestants/reupload.ts";
import { startSimulator } from "./simulator/start.ts";
import { runMeasured } from "./support/measured-process.ts";
import { writeRunInput } from "./support/run-input.ts";
import { zipf } from "./support/zipf.ts";

const LATENCY_MS = 20;
const BYTES = 16_384;
const REQUESTS_A_FILE = 2;
/** How often the service is asked what it has answered, ms. */
const LOOK_MS = 20;
/** What counts as warming up, and as the tail, ms after the first and before the last answer. */
const WARM_UP_MS = 2_000;
const TAIL_MS = 500;

const { values } = parseArgs({
  options: {
    slots: { type: "string", default: "32,64" },
    files: { type: "string", default: "30000" },
    "work-items": { type: "string", default: "300" },
    rounds: { type: "string", default: "1" },
    beside: { type: "string" },
    bare: { type: "boolean", default: false },
  },
});
const files = Number(values.files);

await using simulator = await startSimulator({
  tls: true,
  realtime: true,
  settings: { "auto-create": true, latency: LATENCY_MS },
});
const { tls: service } = simulator;
if (service === undefined) throw new Error("the simulator does not listen for HTTPS");
const folder = await mkdtemp(join(tmpdir(), "reupload-zipf-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const filesOf = zipf(files, Number(values["work-items"])).toReversed();
await writeRunInput(folder, { filesOf, source: `${service.blobEndpoint}/${sourceContainer(BYTES)}` });

const contestants: readonly Contestant[] = [
  REUPLOAD,
  ...(values.beside === undefined ? [] : [besideReupload(values.beside)]),
  ...(values.bare ? [bareLoop()] : []),
];
say(
  "| | slots | bound s | whole s | ÷ bound | before s | warm-up s | ms a request | between s | tail s | end s |",
);
say("|---|---|---|---|---|---|---|---|---|---|---|");
for (let round = 0; round < Number(values.rounds); round++) {
  for (const slots of values.slots.split(",").map(Number)) {
    for (const contestant of contestants) await run(contestant, slots);
  }
}

interface Look {
  readonly at: number;
  readonly answered: number;
}

async function run(contestant: Contestant, slots: number): Promise<void> {
  await simulator.reset();
  const own = join(folder, "run");
  await mkdir(own);
  const looks: Look[] = [];
  const ended = new AbortController();
  const began = performance.now();
  const following = follow(looks, ended.signal);
  const job = { way: "server" as const, bytes: BYTES, files, input: folder, folder: own, service: service! };
  const cost = await runMeasured(contestant.call(job, concurrency(slots)));
  ended.abort();
  await following;
  await rm(own, { recursive: true });
  if (cost.exitCode !== 0) throw new Error(`${contestant.name}: ${cost.tail}`);
  const first = looks.findLast(({ answered }) => answered === 0)?.at ?? began;
  const all = looks.at(-1)?.answered ?? 0;
  const last = looks.find(({ answered }) => answered === all)?.at ?? began;
  const over = (from: number, to: number): number =>
    (to - from - ((answeredAt(looks, to) - answeredAt(looks, from)) * LATENCY_MS) / slots) / 1_000;
  const warm = first + WARM_UP_MS;
  const tail = last - TAIL_MS;
  const between = answeredAt(looks, tail) - answeredAt(looks, warm);
  const bound = (files * REQUESTS_A_FILE * LATENCY_MS) / 1_000 / slots;
  const cells = [
    bound.toFixed(1),
    (cost.ms / 1_000).toFixed(2),
    (cost.ms / 1_000 / bound).toFixed(3),
    ((first - began) / 1_000).toFixed(2),
    over(first, warm).toFixed(2),
    (((tail - warm) * slots) / between).toFixed(2),
    over(warm, tail).toFixed(2),
    over(tail, last).toFixed(2),
    ((began + cost.ms - last) / 1_000).toFixed(2),
  ];
  say(`| ${contestant.name} | ${slots} | ${cells.join(" | ")} |`);
}

async function follow(looks: Look[], until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const { operations } = await simulator.stats();
    const answered = Object.values(operations)
      .flatMap((answers) => Object.values(answers))
      .reduce((sum, count) => sum + count, 0);
    looks.push({ at: performance.now(), answered });
    await sleep(LOOK_MS, undefined, { signal: until }).catch(() => {});
  }
}

/** As it was at the last look before. */
function answeredAt(looks: readonly Look[], at: number): number {
  return looks.findLast((look) => look.at <= at)?.answered ?? 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
