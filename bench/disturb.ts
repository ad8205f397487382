/**
 * Machines of one run with `--partition auto`, disturbed by a seed: `kill -9`, a stop beyond the lease's end, SIGTERM, and
 * machines that join, with their old state or a new one; and in the middle the account is unreachable for a minute (refused
 * with an odd seed, silent with an even one). Judged by a checker that reads the CSV, the target and the queue
 * alone (`test/support/check-run.ts`). The emulator is the account; requests of all machines together are limited, so that the
 * cores are idle for most of the time.
 *
 * `npm run disturb -- [--seed 1] [--disturbances 20] [--outage 60] [--machines 3] [--partitions 64] [--work-items 400]`
 */
import { hash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startEmulator } from "../src/emulator/emulator.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";
import { emulator as clientsOf } from "../test/support/azurite.ts";
import { checkRun } from "../test/support/check-run.ts";
import { startFaultProxy } from "../test/support/fault-proxy.ts";
import { readerOf } from "../test/support/reader.ts";
import { type CliResult, type RunningCli, startCli } from "../test/support/run-cli.ts";
import { sufferOutage } from "./support/outage.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    disturbances: { type: "string", default: "20" },
    /** Seconds; 0: none. */
    outage: { type: "string", default: "60" },
    machines: { type: "string", default: "3" },
    partitions: { type: "string", default: "64" },
    "work-items": { type: "string", default: "400" },
  },
});
const FILES_EACH = 6;
const SLOTS = 8;
/** Of all machines together. */
const REQUESTS_PER_SECOND = 18;
/** Of one of them, when most others are away: a get, a put and a message each. */
const FILES_PER_SECOND = REQUESTS_PER_SECOND / 3;
/** Between two disturbances, s: about. */
const PAUSE_S = 12;
const MOST_MACHINES = 5;
const LEASE_S = 30;
/** A checkpoint is so old at the most when another machine goes on from it, s: two of them, and a renewal. */
const OLDEST_CHECKPOINT_S = 25;
const LONGEST_MS = 1_800_000;

interface Machine {
  readonly name: string;
  readonly state: string;
  readonly process: RunningCli;
  result: CliResult | undefined;
  /** It ended in another way than a process does: too late, or with a secret printed. */
  failure: unknown;
  isStopped: boolean;
  /** It was told to end. */
  isLeaving: boolean;
  /** When it was continued after a stop, s. */
  continuedAt: number;
}

/** Numbers from a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(Number(values.seed));
const between = (least: number, most: number): number => least + random() * (most - least);
const began = performance.now();
const secondsPassed = (): number => (performance.now() - began) / 1_000;
const say = (line: string): void =>
  void process.stdout.write(`${String(Math.round(secondsPassed())).padStart(4)} s  ${line}\n`);
// Whoever ends this driver, its output tells: a log that stops without a word is no result.
let isJudged = false;
process.on("exit", (code) => {
  if (!isJudged) say(`the driver ended before it could judge: exit code ${code}`);
});
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    say(`the driver was sent ${signal}`);
    for (const { process: running, result } of machines)
      if (result === undefined) send(running.pid, "SIGKILL");
    process.exit(1);
  });
}

const folder = await mkdtemp(join(tmpdir(), "reupload-disturb-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const account = await startEmulator({ surroundings: REAL_SURROUNDINGS, signal: AbortSignal.timeout(60_000) });
await using _account = { [Symbol.asyncDispose]: () => account.stop() };
const clients = clientsOf(account.connectionString);
/** The account as the machines see it. */
const proxy = await startFaultProxy(account);
await using _proxy = { [Symbol.asyncDispose]: () => proxy.stop() };
const [source, container, queue] = ["sources", "results", "resultsqueue"];
await Promise.all(
  [source, container, "reupload-coordination"].map((name) => clients.container(name).create()),
);
await clients.queue(queue).create();
await makeInput();

const machines: Machine[] = [];
const free: string[] = [];
let joined = 0;
let harsh = 0;
/** Machines that lived in an outage: the answers to what they had in flight are lost. */
let cutOff = 0;
const wrongs: string[] = [];
for (let at = 0; at < Number(values.machines); at++) addMachine();
const counts: Record<string, number> = {};
for (let at = 1; at <= Number(values.disturbances); at++) {
  await sleep(between(0.5, 1.5) * PAUSE_S * 1_000);
  if (machines.some(({ result }) => result?.code === 0)) {
    say(`the run was over after ${at - 1} disturbances: give more --work-items`);
    break;
  }
  disturb(at);
  if (at === Math.floor(Number(values.disturbances) / 2)) await loseAccount();
}
await settle();
await judge();
isJudged = true;

async function makeInput(): Promise<void> {
  const rows: string[] = [];
  const ids = Array.from({ length: Number(values["work-items"]) }, (_, at) => String(100_000 + at));
  const put = async (id: string): Promise<void> => {
    for (let file = 0; file < FILES_EACH; file++) {
      const text = JSON.stringify({ id, file, text: "x".repeat((Number(id) * 7 + file) % 900) });
      const name = `${id}/f${file}.json`;
      await clients.container(source).getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
      const uri = `${proxy.blobEndpoint}/${source}/${name}`;
      rows.push(`job,${id},name-${id},${uri},f${file}.json,${hash("md5", text, "base64")}`);
    }
  };
  const left = ids.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const id of left) await put(id);
    }),
  );
  await writeFile(join(folder, "run.csv"), `JobId,WorkItemId\n${ids.map((id) => `job,${id}\n`).join("")}`);
  const header = "JobId,WorkItemId,WorkItemName,Uri,FileName,ContentMD5\n";
  await writeFile(join(folder, "files.csv"), `${header}${rows.join("\n")}\n`);
}

function addMachine(state = `machine${joined + 1}.db`): void {
  const name = `m${++joined}`;
  const words = (
    `run --resume --csv run.csv --files files.csv --state-db ${state} --target-container ${container} --queue ${queue} ` +
    `--partition auto --total-partitions ${values.partitions} --max-requests ${REQUESTS_PER_SECOND}/s ` +
    `--workitem-workers 4 --concurrency ${SLOTS} --announce-existing never`
  ).split(" ");
  const env = { AZURE_STORAGE_CONNECTION_STRING: proxy.connectionString };
  const running = startCli(words, { cwd: folder, env, timeoutMs: LONGEST_MS });
  const machine: Machine = {
    name,
    state,
    process: running,
    result: undefined,
    failure: undefined,
    isStopped: false,
    isLeaving: false,
    continuedAt: Number.NEGATIVE_INFINITY,
  };
  machines.push(machine);
  say(`${name} joins with ${state}`);
  running.done.then(tellEnding, (thrown: unknown) => {
    machine.failure = thrown;
    machine.result = { code: 1, signal: null, stdout: running.stdout, stderr: running.stderr };
    say(`${name}: ${String(thrown)}`);
  });
  function tellEnding(result: CliResult): void {
    machine.result = result;
    const ending = /(?:gave back|the run:|all \d+ partitions).*/g;
    const told = [...result.stderr.matchAll(ending)].map(([line]) => line);
    say(`${name} ended: ${result.code ?? result.signal}${told.length === 0 ? "" : `, ${told.join("; ")}`}`);
    for (const [line] of result.stderr.matchAll(/(?:took over|partition \d+ is no longer|error:).*/g))
      say(`   ${name}: ${line}`);
  }
}

/** A process may have ended a moment ago: then there is nobody to send it to. */
function send(pid: number, signal: NodeJS.Signals): void {
  // 0 would be the driver's own process group.
  if (pid === 0) return say(`no ${signal} to a process that did not start`);
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    say(`no ${signal} to process ${pid}: ${String(thrown)}`);
  }
}

/** The machines that can hold leases: those that slept a moment ago may have lost theirs before. */
async function loseAccount(): Promise<void> {
  const seconds = Number(values.outage);
  if (seconds === 0) return;
  const areSteady = () =>
    machines.filter(
      ({ result, isStopped, isLeaving, continuedAt }) =>
        result === undefined && !isStopped && !isLeaving && secondsPassed() - continuedAt > LEASE_S * 2,
    );
  while (areSteady().length < Number(values.machines)) addMachine(free.shift());
  // A machine that has not begun its first file gives up earlier.
  await sleep(LEASE_S * 500);
  const steady = areSteady();
  cutOff += machines.filter(({ result }) => result === undefined).length;
  const kind = Number(values.seed) % 2 === 1 ? "refused" : "silent";
  wrongs.push(...(await sufferOutage(proxy, { kind, seconds, steady, say })));
}

function disturb(at: number): void {
  const alive = machines.filter(({ result, isStopped }) => result === undefined && !isStopped);
  const machine = alive[Math.floor(random() * alive.length)];
  const kinds =
    alive.length < 2 ? ["join"] : ["kill", "stop", "term", ...(alive.length < MOST_MACHINES ? ["join"] : [])];
  const kind = kinds[Math.floor(random() * kinds.length)] ?? "join";
  counts[kind] = (counts[kind] ?? 0) + 1;
  if (kind === "join" || machine === undefined) return addMachine(random() < 0.5 ? free.shift() : undefined);
  say(`${at}: ${kind} ${machine.name}`);
  if (kind === "term") {
    endAndKeepState(machine, "SIGTERM");
    return;
  }
  harsh++;
  if (kind === "kill") {
    endAndKeepState(machine, "SIGKILL");
    return;
  }
  machine.isStopped = true;
  send(machine.process.pid, "SIGSTOP");
  setTimeout(
    () => {
      machine.isStopped = false;
      machine.continuedAt = secondsPassed();
      say(`${machine.name} goes on`);
      send(machine.process.pid, "SIGCONT");
    },
    between(33, 50) * 1_000,
  );
}

/** Its state is another machine's later. */
function endAndKeepState(machine: Machine, signal: NodeJS.Signals): void {
  const keep = () => void free.push(machine.state);
  machine.isLeaving = true;
  machine.process.kill(signal).then(keep, keep);
}

/** No more disturbances: all that live come to their end; when none is left, one more joins. */
async function settle(): Promise<void> {
  say("no more disturbances");
  for (;;) {
    const living = machines.filter(({ result }) => result === undefined);
    const endings = living.map(async ({ process: running }) => running.done.catch(() => {}));
    if (living.length > 0) await Promise.race(endings);
    await sleep(100);
    if (machines.every(({ result }) => result !== undefined)) {
      if (machines.some(({ result }) => result?.code === 0)) return;
      addMachine();
    }
    if (performance.now() - began > LONGEST_MS) throw new Error("the run does not end");
  }
}

async function judge(): Promise<void> {
  const seconds = (performance.now() - began) / 1_000;
  const found = await checkRun(readerOf(account.connectionString), {
    csv: join(folder, "run.csv"),
    listing: join(folder, "files.csv"),
    container,
    queue,
  });
  const bound = Math.ceil(harsh * (2 * SLOTS + FILES_PER_SECOND * OLDEST_CHECKPOINT_S) + cutOff * SLOTS);
  const takeovers = machines
    .flatMap(({ process: running }) => [...running.stderr.matchAll(/took over (\d+) partition/g)])
    .reduce((sum, [, partitions]) => sum + Number(partitions), 0);
  const told = Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
  say(`seed ${values.seed}: ${told}; ${takeovers} partitions taken over; load ${loadavg()[0]?.toFixed(1)}`);
  say(
    `${found.files} files in ${Math.round(seconds)} s: ${found.lost.length} lost, ${found.silent.length} silent, ${found.wrong.length} wrong, ${found.strange.length} strange`,
  );
  say(`${found.announcements} announcements, ${found.repeats} repeated (bound ${bound})`);
  const bad = [...wrongs, ...found.lost, ...found.silent, ...found.wrong, ...found.strange];
  const odd = machines.filter(({ result }) => ![0, 143, null].includes(result?.code ?? null));
  for (const { name, process: running } of odd) say(`${name}: ${running.stderr.slice(-2_000)}`);
  if (bad.length === 0 && found.repeats <= bound && odd.length === 0) return;
  say(`not as it must be: ${bad.slice(0, 10).join(", ")}`);
  process.exitCode = 1;
}
