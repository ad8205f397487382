/**
 * What more cores would give: measures what the main thread, the threads that carry, and V8's helpers take for a file, says
 * what that predicts for 2 to 64 cores, and checks the prediction where it can be checked: on one core, with the service
 * on the other one. Figures of processor time hold on a busy machine, rates do not.
 *
 *     npm run build && npx node bench/thread-model.ts [--files 20000] [--rounds 3]
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { median } from "./compare/figures.ts";
import { type Simulator, startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { runThreads, type ThreadRun } from "./support/thread-runs.ts";

const { values } = parseArgs({
  options: { files: { type: "string", default: "20000" }, rounds: { type: "string", default: "3" } },
});
/** A run of so many shows what start and warm-up cost: it is taken off. */
const FEW = 4_000;
const CORES = [2, 4, 8, 16, 64];
/** Checked on one core each, with the service on another. */
const CHECKED = [1, 2];
const SLOTS = 128;
const RUN = { bytes: 16_384, transfer: "server", slots: SLOTS, processes: 1 } as const;

/** Between two runs, for each file that one has more, us. */
interface Costs {
  /** By the clock. */
  readonly us: number;
  readonly main: number;
  readonly others: number;
  readonly helpers: number;
  /** Of its requests, made by the main thread. */
  readonly mainShare: number;
}

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
const folder = await mkdtemp(join(tmpdir(), "reupload-model-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const free = new Map<number, Costs[]>(CHECKED.map((threads) => [threads, []]));
const held = new Map<number, Costs[]>(CHECKED.map((threads) => [threads, []]));
const canPin = availableParallelism() > 1;
for (let round = 0; round < Number(values.rounds); round++) {
  await using simulator = await startSimulator({
    tls: true,
    realtime: true,
    settings: { "auto-create": true, latency: 20 },
  });
  for (const threads of CHECKED) free.get(threads)?.push(await measure(simulator, { threads }));
  if (!canPin) continue;
  await promisify(execFile)("taskset", ["--all-tasks", "--cpu-list", "--pid", "1", String(simulator.pid)]);
  for (const threads of CHECKED) held.get(threads)?.push(await measure(simulator, { threads, cores: "0" }));
}
report();

/** In two runs. */
async function measure(simulator: Simulator, how: Pick<ThreadRun, "threads" | "cores">): Promise<Costs> {
  const timesThreads = how.cores === undefined;
  const few = await runThreads(simulator, folder, { ...RUN, ...how, timesThreads, files: FEW });
  const many = await runThreads(simulator, folder, {
    ...RUN,
    ...how,
    timesThreads,
    files: Number(values.files),
  });
  const more = many.files - few.files;
  const cpuUs = (1e6 * (many.cpuSeconds - few.cpuSeconds)) / more;
  const of = (thread: "main" | "others", what: "us" | "requests"): number =>
    ((many.threads?.[thread][what] ?? 0) - (few.threads?.[thread][what] ?? 0)) / more;
  const [main, others] = [of("main", "us"), of("others", "us")];
  return {
    us: (1e6 * (many.seconds - few.seconds)) / more,
    main,
    others,
    helpers: cpuUs - main - others,
    mainShare: of("main", "requests") / (of("main", "requests") + of("others", "requests")),
  };
}

function report(): void {
  const at = (runs: Map<number, Costs[]>, threads: number, what: keyof Costs): number =>
    median((runs.get(threads) ?? []).map((costs) => costs[what]));
  const alone = at(free, 1, "main");
  const share = at(free, 2, "mainShare");
  // What the other threads do for one file, if they carried it alone; the main one's calls cost it about as much.
  const carrier = at(free, 2, "others") / (1 - share);
  const own = at(free, 2, "main") - share * carrier;
  const helpers = { 1: at(free, 1, "helpers"), 2: at(free, 2, "helpers") };
  say(`| us a file, ${values.rounds} rounds of ${FEW} and ${values.files} files | |\n|---|---|`);
  say(`| one thread: the thread itself, V8's helpers | ${alone.toFixed(0)}, ${helpers[1].toFixed(0)} |`);
  say(`| two threads: part of the requests that the main thread makes | ${(100 * share).toFixed(0)} % |`);
  say(`| main thread, without what it carries | ${own.toFixed(0)} |`);
  say(`| a thread that carries, for a file | ${carrier.toFixed(0)} |`);
  say(`| V8's helpers | ${helpers[2].toFixed(0)} |\n`);
  const all = own + carrier + helpers[2];
  say("| cores | predicted files/s | bound | measured |\n|---|---|---|---|");
  const checks = [
    { threads: 1, us: alone + helpers[1] },
    { threads: 2, us: all },
  ];
  for (const { threads, us } of checks) {
    const measured = canPin ? 1e6 / at(held, threads, "us") : undefined;
    const told =
      measured === undefined
        ? "not measured"
        : `${measured.toFixed(0)}, ${((measured * us) / 1e6).toFixed(2)}`;
    say(
      `| 1, --threads ${threads}, service on another | ${(1e6 / us).toFixed(0)} | processor | ${told} of it |`,
    );
  }
  for (const cores of CORES) {
    const [byMain, byCores] = [1e6 / own, (1e6 * cores) / all];
    const bound = byMain < byCores ? "main thread" : "processor";
    say(`| ${cores} | ${Math.min(byMain, byCores).toFixed(0)} | ${bound} | not measured |`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
