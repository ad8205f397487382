/**
 * How close `--concurrency auto` keeps to what a queue takes: the built `reupload run` on the storage simulator, whose
 * queue takes `--rate` messages a second (2,000); after a while half of that, and then all of it again. Prints files/s
 * every 5 s, and the three figures that are to be reached.
 *
 * `npm run build && npx node bench/concurrency.ts [--rate 2000] [--retry-after-ms 0] [--seconds 60]`
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Simulator, startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { ALONE } from "./support/alone.ts";
import { CSV, evenly, LISTING, writeRunInput } from "./support/run-input.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "2000" },
    "retry-after-ms": { type: "string", default: "0" },
    seconds: { type: "string", default: "60" },
  },
});
const rate = Number(values.rate);
/** Of each stretch: until it has settled, measured, throttled, measured after the release. */
const seconds = Number(values.seconds);
const SHOW_S = 5;
const FILES_A_WORK_ITEM = 500;

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
await using simulator = await startSimulator({
  settings: {
    "auto-create": true,
    forget: true,
    latency: "lognormal:20,0.3",
    "queue-rate": rate,
    "retry-after-ms": Number(values["retry-after-ms"]),
  },
});
try {
  await writeRunInput(folder, {
    filesOf: evenly(rate * 5 * seconds, FILES_A_WORK_ITEM),
    source: `${simulator.blobEndpoint}/src-16384`,
  });
  await measure(simulator);
} finally {
  await rm(folder, { recursive: true });
}

async function measure(at: Simulator): Promise<void> {
  const run = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "..", "bin", "reupload.js"),
      "run",
      "--csv",
      CSV,
      "--files",
      LISTING,
      "--output",
      "json",
    ],
    {
      cwd: folder,
      env: { ...process.env, ...ALONE, AZURE_STORAGE_CONNECTION_STRING: at.connectionString },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const slots = { size: 0 };
  void followSlots(run.stdout, slots);
  const exit = new Promise<number | null>((resolve) => run.once("exit", resolve));
  try {
    while ((await messages(at)).accepted === 0) await sleep(200);
    say(`queue limit ${rate}/s, Retry-After ${values["retry-after-ms"]} ms`);
    await stretch(at, "settling", seconds, slots);
    const full = await stretch(at, "measured", seconds, slots);
    say(`=> ${percent(full.perSecond / rate)} of the limit used, ${percent(full.refusedShare)} refused`);
    await at.control({ "queue-rate": rate / 2 });
    const half = await stretch(at, "throttled", Math.min(seconds, 30), slots);
    say(`=> ${percent(half.perSecond / (rate / 2))} of the half used, ${percent(half.refusedShare)} refused`);
    await at.control({ "queue-rate": rate });
    let after = 0;
    let perSecond = 0;
    while (perSecond < 0.9 * full.perSecond && after < 60) {
      perSecond = (await stretch(at, "released", 2, slots)).perSecond;
      after += 2;
    }
    say(`=> back at ${percent(perSecond / full.perSecond)} of the old rate after ${after} s`);
  } finally {
    run.kill("SIGKILL");
    await exit;
  }
}

/** Counts what the queue took and refused in so many seconds, and shows it. */
async function stretch(at: Simulator, name: string, length: number, slots: { readonly size: number }) {
  const first = await messages(at);
  let before = first;
  for (let second = 0; second < length; second += SHOW_S) {
    await sleep(Math.min(SHOW_S, length - second) * 1_000);
    const now = await messages(at);
    const { perSecond, refusedShare } = between(before, now);
    say(`${name}: ${Math.round(perSecond)} files/s, ${percent(refusedShare)} refused, ${slots.size} slots`);
    before = now;
  }
  return between(first, before);
}

interface Messages {
  readonly at: number;
  readonly accepted: number;
  readonly refused: number;
}

async function messages(at: Simulator): Promise<Messages> {
  const { operations, throttled } = await at.stats();
  return { at: performance.now(), accepted: operations["PutMessage"]?.["201"] ?? 0, refused: throttled };
}

function between(a: Messages, b: Messages) {
  const accepted = b.accepted - a.accepted;
  const refused = b.refused - a.refused;
  return {
    perSecond: (1_000 * accepted) / (b.at - a.at),
    refusedShare: refused / Math.max(1, accepted + refused),
  };
}

async function followSlots(lines: NodeJS.ReadableStream, slots: { size: number }): Promise<void> {
  let rest = "";
  for await (const chunk of lines) {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const event = JSON.parse(line) as { readonly slots?: number };
      slots.size = event.slots ?? slots.size;
    }
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
