/**
 * One setting of the comparison in short turns: this build, another build of it, a bare undici loop, and rivals. Ratios
 * of a round are taken inside the round, so that CPU can be compared while others work on the machine; times cannot.
 *
 *     npm run build && node bench/in-turns.ts [--way server|stream|local] [--bytes 16384] [--files 8000] [--rounds 5]
 *         [--concurrency 64|auto|auto,auto/1,100/1] [--latency 20] [--beside OTHER/bin/reupload.js]... [--bare] [--azcopy] [--rclone]
 *         [--sdk] [--coordination] [--profile FOLDER]
 *
 * Several numbers of slots (and of threads, after a slash) make a line each; all but this build's lines have the first. CPU is
 * of the whole program, its start included, in ms a file. Each run is verified in the target. Builds of reupload
 * coordinate with `--coordination` alone: it is one machine, and the others of the comparison keep nothing in the account.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AZCOPY } from "./compare/contestants/azcopy.ts";
import { AS_IT_COMES, type Contestant, type Setting, type Way } from "./compare/contestants/contestant.ts";
import { RCLONE } from "./compare/contestants/rclone.ts";
import { bareLoop } from "./compare/contestants/bare-loop.ts";
import { besideReupload, concurrency, REUPLOAD } from "./compare/contestants/reupload.ts";
import { SDK_SCRIPT } from "./compare/contestants/sdk-script.ts";
import { Inputs } from "./compare/inputs.ts";
import { type Run, runOnce } from "./compare/run-once.ts";
import { startSimulator } from "./simulator/start.ts";
import { type TurnFigure, turnsTable } from "./support/turns-table.ts";

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
    azcopy: { type: "boolean", default: false },
    rclone: { type: "boolean", default: false },
    sdk: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const ways: readonly Way[] = ["server", "stream", "local"];
const way = ways.find((one) => one === values.way);
if (way === undefined) throw new Error(`--way takes ${ways.join(", ")}`);

if (values.azcopy) {
  const why = await AZCOPY.whyAbsent();
  if (why !== undefined) throw new Error(`AzCopy: ${why}`);
}

/** A build of the command that coordinates only when asked. */
function coordinating(contestant: Contestant): Contestant {
  return {
    ...contestant,
    call(job, setting) {
      const { env, ...call } = contestant.call(job, setting);
      return { ...call, env: { ...env, REUPLOAD_COORDINATION: String(values.coordination) } };
    },
  };
}

const OURS = coordinating(REUPLOAD);

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

/** How many slots this build has in its turns: the first stands for all others. */
const [setting = AS_IT_COMES, ...otherSettings] = values.concurrency.split(",").map(slotsSetting);

/** The bare loop finds no number by itself. */
const bareSetting =
  [setting, ...otherSettings].find(({ args }) => args[0] === "--concurrency") ?? concurrency(64);

/** @param text slots, and threads after a slash: `auto`, `100`, `auto/1` */
function slotsSetting(text: string): Setting {
  const [slots = "auto", threads] = text.split("/");
  const { name, args } = slots === "auto" ? AS_IT_COMES : concurrency(Number(slots));
  if (threads === undefined) return { name, args };
  return { name: `${name} --threads ${threads}`.trim(), args: [...args, "--threads", threads] };
}

const turns: {
  readonly name: string;
  readonly contestant: Contestant;
  readonly setting: Setting;
  readonly runs: Run[];
}[] = [
  { contestant: ours(values.profile), setting },
  ...otherSettings.map((other) => ({ contestant: OURS, setting: other })),
  ...values.beside.map((main) => ({ contestant: coordinating(besideReupload(main)), setting })),
  ...(values.bare ? [{ contestant: bareLoop(), setting: bareSetting }] : []),
  // As it comes, it looks at each blob's length afterwards.
  ...(values.azcopy
    ? [{ contestant: AZCOPY, setting: AZCOPY.settings(Number(values.bytes), way).at(-1) ?? AS_IT_COMES }]
    : []),
  ...(values.rclone
    ? [{ contestant: RCLONE, setting: RCLONE.settings(Number(values.bytes), way).at(-1) ?? AS_IT_COMES }]
    : []),
  ...(values.sdk ? [{ contestant: SDK_SCRIPT, setting }] : []),
].map((turn) => ({ ...turn, name: nameOf(turn), runs: [] }));

/** A line is told by its setting, too, where there are several. */
function nameOf({ contestant, setting: chosen }: { contestant: Contestant; setting: Setting }): string {
  return otherSettings.length === 0 ? contestant.name : `${contestant.name} ${chosen.name || "auto"}`;
}

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
    const { name, contestant, setting: chosen, runs } = turns[(round + turn) % turns.length]!;
    const run = await runOnce(contestant, chosen, { simulator, service, folder }, job);
    if (run.failure !== undefined) throw new Error(`${name}: ${run.failure}`);
    runs.push(run);
  }
}

const figures: readonly TurnFigure<Run>[] = [
  ["CPU ms a file", (run) => (run.cpuSeconds * 1_000) / run.files],
  ["seconds", (run) => run.seconds],
  ["files/s", (run) => run.files / run.seconds],
  ["under way files/s", (run) => run.files / run.underWaySeconds],
  ["peak MiB", (run) => run.peakMiB],
  ["requests a file", (run) => run.requests / run.files],
];
process.stdout.write(turnsTable(turns, figures, "of this build's"));
