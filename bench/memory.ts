/**
 * What a run's memory is made of when it has most, by its file slots: this build and others in turns, each run verified (Linux).
 *
 *     npm run build && npx node bench/memory.ts [--files 6000] [--bytes 307200] [--slots auto,100,160,256] [--rounds 3]
 *         [--way stream] [--latency 20] [--threads 1] [--beside OTHER/bin/reupload.js]...
 *
 * Memory hardly depends on what else runs on the machine; how many slots `auto` takes does.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AS_IT_COMES, type Contestant, type Setting, type Way } from "./compare/contestants/contestant.ts";
import { besideReupload, concurrency, REUPLOAD } from "./compare/contestants/reupload.ts";
import { median } from "./compare/figures.ts";
import { Inputs } from "./compare/inputs.ts";
import { runOnce } from "./compare/run-once.ts";
import { startSimulator } from "./simulator/start.ts";
import { followParts, type MemoryParts, tellsParts } from "./support/memory-parts.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "6000" },
    bytes: { type: "string", default: String(300 * 1_024) },
    slots: { type: "string", default: "auto,100,160,256" },
    rounds: { type: "string", default: "3" },
    way: { type: "string", default: "stream" },
    latency: { type: "string", default: "20" },
    threads: { type: "string", default: "1" },
    beside: { type: "string", multiple: true, default: [] },
  },
});
const ways: readonly Way[] = ["server", "stream", "local"];
const way = ways.find((one) => one === values.way);
if (way === undefined) throw new Error(`--way takes ${ways.join(", ")}`);

interface Figures extends MemoryParts {
  readonly peak: number;
  readonly filesPerSecond: number;
}

const COLUMNS: readonly (readonly [head: string, read: (figures: Figures) => number])[] = [
  ["peak MiB", ({ peak }) => peak],
  ["program", ({ program }) => program],
  ["malloc", ({ malloc }) => malloc],
  ["malloc, other threads", ({ otherMalloc }) => otherMalloc],
  ["contents", ({ content }) => content],
  ["V8, young", ({ young }) => young],
  ["V8, old", ({ old }) => old],
  [
    "other",
    (all) => all.all - all.program - all.malloc - all.otherMalloc - all.content - all.young - all.old,
  ],
  ["files/s", ({ filesPerSecond }) => filesPerSecond],
];

const contestants: readonly Contestant[] = [REUPLOAD, ...values.beside.map((main) => besideReupload(main))];
const settings = values.slots.split(",").map(slotsSetting);
const turns = settings.flatMap((setting) =>
  contestants.map((contestant) => ({ setting, contestant, runs: [] as Figures[] })),
);

await using simulator = await startSimulator({
  tls: true,
  realtime: true,
  settings: { "auto-create": true, latency: values.latency },
});
const { tls: service } = simulator;
if (service === undefined) throw new Error("the simulator does not listen for HTTPS");
const folder = await mkdtemp(join(tmpdir(), "reupload-memory-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const [bytes, files] = [Number(values.bytes), Number(values.files)];
const job = { way, bytes, files, input: await new Inputs(folder, service).of(way, bytes, files) };

for (let round = 0; round < Number(values.rounds); round++) {
  for (const { setting, contestant, runs } of turns) {
    const file = join(folder, `parts-${crypto.randomUUID()}`);
    const ended = new AbortController();
    const parts = followParts(file, ended.signal);
    const run = await runOnce(telling(contestant, file), setting, { simulator, service, folder }, job);
    ended.abort();
    const most = await parts;
    if (run.failure !== undefined) throw new Error(`${contestant.name}: ${run.failure}`);
    if (most === undefined) throw new Error("the program told nothing of its memory");
    runs.push({ ...most, peak: run.peakMiB, filesPerSecond: run.files / run.seconds });
  }
}

const heads = COLUMNS.map(([head]) => head);
process.stdout.write(`| | slots | ${heads.join(" | ")} |\n|---|---|${"---|".repeat(heads.length)}\n`);
for (const { setting, contestant, runs } of turns) {
  const cells = COLUMNS.map(([, read]) => median(runs.map(read)).toFixed(0));
  const slots = setting.args.at(-1) ?? "auto";
  process.stdout.write(`| ${contestant.name} | ${slots} | ${cells.join(" | ")} |\n`);
}

function slotsSetting(text: string): Setting {
  return text === "auto" ? AS_IT_COMES : concurrency(Number(text));
}

/** The same program, which tells what its heap is made of. @param file where it writes that */
function telling(contestant: Contestant, file: string): Contestant {
  return {
    ...contestant,
    call(allOfIt, setting) {
      const call = contestant.call(allOfIt, setting);
      return { ...call, env: { ...call.env, ...tellsParts(file), REUPLOAD_THREADS: values.threads } };
    },
  };
}
