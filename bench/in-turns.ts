/**
 * One setting of the comparison in short turns: this build, another build of it, a bare undici loop, and rivals. Ratios
 * of a round are taken inside the round, so that CPU can be compared while others work on the machine; times cannot.
 *
 *     npm run build && node bench/in-turns.ts [--way server|stream|local] [--bytes 16384] [--files 8000] [--rounds 5]
 *         [--concurrency 64|auto] [--latency 20] [--beside OTHER/bin/reupload.js]... [--bare] [--rclone] [--sdk]
 *         [--coordination] [--profile FOLDER]
 *
 * CPU is of the whole program, its start included, in ms a file. Each run is verified in the target. Builds of reupload
 * coordinate with `--coordination` alone: it is one machine, and the others of the comparison keep nothing in the account.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AS_IT_COMES, type Contestant, type Way, trusting } from "./compare/contestants/contestant.ts";
import { RCLONE } from "./compare/contestants/rclone.ts";
import { concurrency, REUPLOAD } from "./compare/contestants/reupload.ts";
import { SDK_SCRIPT } from "./compare/contestants/sdk-script.ts";
import { LISTING } from "./support/run-input.ts";
import { Inputs } from "./compare/inputs.ts";
import { type Run, runOnce } from "./compare/run-once.ts";
import { startSimulator } from "./simulator/start.ts";

const { values } = parseArgs({
  options: {
    way: { type: "string", default: "server" },
    bytes: { type: "string", default: "16384" },
    files: { type: "string", default: "8000" },
    rounds: { type: "string", default: "5" },
    concurrency: { type: "string", default: "64" },
    latency: { type: "string", default: "20" },
    beside: { type: "string", multiple: true, default: [] },
    coordination: { type: "boolean", default: false },
    bare: { type: "boolean", default: false },
    rclone: { type: "boolean", default: false },
    sdk: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const ways: readonly Way[] = ["server", "stream", "local"];
const way = ways.find((one) => one === values.way);
if (way === undefined) throw new Error(`--way takes ${ways.join(", ")}`);

const BARE: Contestant = {
  ...SDK_SCRIPT,
  name: "bare undici loop",
  call(job) {
    const program = join(import.meta.dirname, "compare", "programs", "bare-undici.ts");
    const slots = values.concurrency === "auto" ? "64" : values.concurrency;
    const { connectionString } = job.service;
    return {
      command: process.execPath,
      args: [program, join(job.input, LISTING), slots],
      cwd: job.folder,
      env: { ...trusting(job.service), AZURE_STORAGE_CONNECTION_STRING: connectionString },
      longestMs: 120_000,
    };
  },
};

/** This build of the command. */
const OURS: Contestant = {
  ...REUPLOAD,
  call(job, setting) {
    const { env, ...call } = REUPLOAD.call(job, setting);
    return { ...call, env: { ...env, REUPLOAD_COORDINATION: String(values.coordination) } };
  },
};

/** Another build of the same command. */
function beside(main: string): Contestant {
  return {
    ...OURS,
    name: `beside: ${main}`,
    call(job, setting) {
      const call = OURS.call(job, setting);
      return { ...call, args: [main, ...call.args.slice(1)] };
    },
  };
}

/** This build, with a profile of each of its threads when asked. */
function ours(profiles: string | undefined): Contestant {
  if (profiles === undefined) return OURS;
  return {
    ...OURS,
    call(job, setting) {
      const call = OURS.call(job, setting);
      return { ...call, args: ["--cpu-prof", "--cpu-prof-dir", resolve(profiles), ...call.args] };
    },
  };
}

const setting = values.concurrency === "auto" ? AS_IT_COMES : concurrency(Number(values.concurrency));
const turns: { readonly contestant: Contestant; readonly runs: Run[] }[] = [
  ours(values.profile),
  ...values.beside.map(beside),
  ...(values.bare ? [BARE] : []),
  ...(values.rclone ? [RCLONE] : []),
  ...(values.sdk ? [SDK_SCRIPT] : []),
].map((contestant) => ({ contestant, runs: [] }));

await using simulator = await startSimulator({
  tls: true,
  realtime: true,
  settings: { "auto-create": true, latency: values.latency, "keep-container": "reupload-coordination" },
});
const { tls: service } = simulator;
if (service === undefined) throw new Error("the simulator does not listen for HTTPS");
const folder = await mkdtemp(join(tmpdir(), "reupload-turns-"));
await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
const bytes = Number(values.bytes);
const files = Number(values.files);
const job = { way, bytes, files, input: await new Inputs(folder, service).of(way, bytes, files) };

for (let round = 0; round < Number(values.rounds); round++) {
  // Each round begins with another one.
  for (let turn = 0; turn < turns.length; turn++) {
    const { contestant, runs } = turns[(round + turn) % turns.length]!;
    const chosen =
      contestant.name === RCLONE.name ? (contestant.settings(bytes).at(-1) ?? AS_IT_COMES) : setting;
    const run = await runOnce(contestant, chosen, { simulator, service, folder }, job);
    if (run.failure !== undefined) throw new Error(`${contestant.name}: ${run.failure}`);
    runs.push(run);
  }
}

const figures: readonly (readonly [string, (run: Run) => number])[] = [
  ["CPU ms a file", (run) => (run.cpuSeconds * 1_000) / run.files],
  ["seconds", (run) => run.seconds],
  ["files/s", (run) => run.files / run.seconds],
  ["under way files/s", (run) => run.files / run.underWaySeconds],
  ["peak MiB", (run) => run.peakMiB],
  ["requests a file", (run) => run.requests / run.files],
];
const first = turns[0]?.runs ?? [];
say(`| | ${figures.map(([name]) => `${name} | of this build's`).join(" | ")} |`);
say(`|---|${"---|---|".repeat(figures.length)}`);
for (const { contestant, runs } of turns) {
  const cells = figures.map(([, read]) => {
    const ratio = median(runs.map((run, round) => read(run) / read(first[round] ?? run)));
    return `${median(runs.map(read)).toPrecision(4)} | ${ratio.toFixed(3)}`;
  });
  say(`| ${contestant.name} | ${cells.join(" | ")} |`);
}

function median(all: readonly number[]): number {
  return all.toSorted((one, other) => one - other)[all.length >> 1] ?? Number.NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
