/**
 * How true the time left is that a run tells: a run on the simulator whose last tenth of work items holds half of the
 * files, counts known beforehand, at 25, 50 and 75 % of its duration. `npm run build && npx node bench/eta.ts`; the results stand
 * in README.md. The tool takes large work items first; so that they come last, their links end later than the others'.
 *
 *     node bench/eta.ts [--files 15000] [--work-items 1000] [--latency 400] [--machines 1,2]
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCli } from "../test/support/run-cli.ts";
import { CSV, LISTING } from "./support/run-input.ts";
import { startSimulator } from "./simulator/start.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "15000" },
    "work-items": { type: "string", default: "1000" },
    latency: { type: "string", default: "400" },
    machines: { type: "string", default: "1,2" },
  },
});
const files = Number(values.files);
const workItems = Number(values["work-items"]);
const SHARES = [0.25, 0.5, 0.75];
const CONTAINER = "reupload-coordination";

/** A time left that was told. */
interface Told {
  /** ms since the start of this process. */
  readonly at: number;
  readonly lowMs: number;
  readonly highMs: number;
}

await using simulator = await startSimulator({
  settings: { latency: values.latency, "auto-create": true, "keep-container": CONTAINER },
});
const env = { AZURE_STORAGE_CONNECTION_STRING: simulator.connectionString };

/** Half of the files in the last tenth of the work items. */
function plannedFiles(): number[] {
  const large = Math.round(workItems / 10);
  const [few, many] = [files / 2 / (workItems - large), files / 2 / large];
  let planned = 0;
  let wanted = 0;
  return Array.from({ length: workItems }, (_, at) => {
    wanted += at < workItems - large ? few : many;
    const own = Math.round(wanted - planned);
    planned += own;
    return own;
  });
}

async function writeInput(folder: string, order: "large first" | "large last"): Promise<void> {
  const counts = plannedFiles();
  const ends = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const ids = counts.map((_, item) => `job,${item},perf.partition${item}.work`);
  const rows = counts.flatMap((count, item) => {
    const isLarge = item >= workItems - Math.round(workItems / 10);
    const end = order === "large first" || isLarge ? ends(48) : ends(4);
    const query = `sv=2024-11-04&se=${encodeURIComponent(end)}&sig=x`;
    return Array.from(
      { length: count },
      (_file, file) =>
        `${ids[item]},${simulator.blobEndpoint}/src-16384/${item}/${file}/report.json?${query},${file}-report.json`,
    );
  });
  await writeFile(join(folder, CSV), `JobId,WorkItemId,WorkItemName\n${ids.join("\n")}\n`);
  await writeFile(join(folder, LISTING), `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("\n")}\n`);
}

/** Takes the times left out of what a command prints as JSON, while it goes. */
function timesLeft(read: (line: Readonly<Record<string, unknown>>) => unknown) {
  const told: Told[] = [];
  let seen = 0;
  return {
    told,
    take(stdout: string): void {
      const end = stdout.lastIndexOf("\n") + 1;
      for (const line of stdout.slice(seen, end).split("\n")) {
        if (line === "") continue;
        const eta = read(JSON.parse(line) as Readonly<Record<string, unknown>>);
        if (typeof eta !== "object" || eta === null) continue;
        const { lowMs, highMs } = eta as { readonly lowMs: number; readonly highMs: number };
        told.push({ at: performance.now(), lowMs, highMs });
      }
      seen = end;
    },
  };
}

/** Runs all machines, and a monitor beside them; gives what each told, and when the last one ended. */
async function follow(folder: string, machines: number) {
  const options = { cwd: folder, env, timeoutMs: 900_000 };
  const began = performance.now();
  const runs = Array.from({ length: machines }, (_, partition) => {
    const share = machines === 1 ? [] : ["--partition", `${partition}`, "--total-partitions", `${machines}`];
    const limits = ["--workitem-workers", "20", "--file-workers", `${Math.round(5 / machines)}`];
    const input = ["--csv", CSV, "--files", LISTING, "--state-db", `machine${partition}.db`];
    return startCli(["run", ...input, ...share, ...limits, "--create-missing", "--output", "json"], options);
  });
  const own = timesLeft(({ type, eta }) => (type === "progress" ? eta : undefined));
  const whole = timesLeft(({ total }) => (total as { readonly eta?: unknown } | undefined)?.eta);
  await runs[0]?.waitFor(/"type":"progress"/);
  const args = ["monitor", "--csv", CSV, "--refresh", "2", "--output", "json"];
  const monitor = machines === 1 ? undefined : startCli(args, options);
  const looking = setInterval(() => {
    if (machines === 1) own.take(runs[0]?.stdout ?? "");
    if (monitor !== undefined) whole.take(monitor.stdout);
  }, 100);
  const results = await Promise.all(runs.map(async (run) => run.done));
  const ended = performance.now();
  clearInterval(looking);
  await monitor?.done;
  for (const { code, stderr } of results) if (code !== 0) throw new Error(`exit code ${code}\n${stderr}`);
  return { began, ended, told: machines === 1 ? own.told : whole.told };
}

/** How far the time told was from the time it took, as a share of the latter. */
function errorsOf({ began, ended, told }: Awaited<ReturnType<typeof follow>>): string[] {
  return SHARES.map((share) => {
    const wanted = began + share * (ended - began);
    const [nearest] = told.toSorted((a, b) => Math.abs(a.at - wanted) - Math.abs(b.at - wanted));
    if (nearest === undefined) return "nothing told";
    const left = ended - nearest.at;
    const error = (ms: number): string => `${((ms / left - 1) * 100).toFixed(0)} %`;
    const { lowMs, highMs } = nearest;
    const seconds = (ms: number): string => (ms / 1_000).toFixed(0);
    return `${error((lowMs + highMs) / 2)} (${seconds(lowMs)} to ${seconds(highMs)} s told, ${seconds(left)} s left)`;
  });
}

process.stdout.write("| run | seconds | at 25 % | at 50 % | at 75 % |\n|---|---|---|---|---|\n");
for (const machines of values.machines.split(",").map(Number)) {
  for (const order of ["large first", "large last"] as const) {
    const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
    try {
      await simulator.reset();
      await writeInput(folder, order);
      const followed = await follow(folder, machines);
      const name = machines === 1 ? `one machine, ${order}` : `${machines} machines, ${order}`;
      const took = ((followed.ended - followed.began) / 1_000).toFixed(0);
      process.stdout.write(`| ${name} | ${took} | ${errorsOf(followed).join(" | ")} |\n`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
