/**
 * How well machines with free partitions end together: 2, 4 and 8 of them in runs of 5 minutes, against one machine and
 * against the perfect split, which is the larger of total / machines and the largest work item alone; what the coordination
 * asks with 256 and 1,024 partitions; and `auto` against fixed partitions in turns. Zipf sizes, as `auto-machines.ts`.
 * 22 minutes on a quiet machine.
 *
 * `npm run build && npx node bench/auto-tail.ts [--seconds 300] [--machines 2,4,8] [--only scale,many,fixed]`
 */
import { parseArgs } from "node:util";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import {
  FILES_PER_SECOND,
  type MachinesResult,
  type MachinesRun,
  runMachines,
  SIMULATOR_SETTINGS,
} from "./support/machine-runs.ts";
import { MACHINES_HEAD, machinesRow } from "./support/machines-table.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "300" },
    machines: { type: "string", default: "2,4,8" },
    only: { type: "string", default: "scale,many,fixed" },
  },
});
const seconds = Number(values.seconds);
const only = new Set(values.only.split(","));

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
await using simulator = await startSimulator({ realtime: true, settings: SIMULATOR_SETTINGS });
say(MACHINES_HEAD);
const measure = async (run: MachinesRun): Promise<MachinesResult> => {
  const result = await runMachines(simulator, run);
  say(machinesRow(result));
  return result;
};
const notes: string[] = [];

if (only.has("scale")) {
  const one = await measure({ machines: 1, kind: "auto", partitions: 256, seconds: seconds / 5 });
  const alone = rateWhileBusy(one);
  notes.push(
    `one machine: ${alone.toFixed(1)} files/s while its slots are busy, of ${FILES_PER_SECOND} at most`,
  );
  for (const machines of values.machines.split(",").map(Number)) {
    const all = await measure({ machines, kind: "auto", partitions: 256, seconds });
    const lasts = all.each.map(({ last }) => last);
    notes.push(
      `${machines} machines: ${(all.files / all.took / alone).toFixed(2)} times the files/s of one; ${(all.took / all.perfect).toFixed(3)} of the perfect split by the service's latency, ${((all.took / all.perfect / FILES_PER_SECOND) * alone).toFixed(3)} by the speed of one machine; last files within ${(Math.max(...lasts) - Math.min(...lasts)).toFixed(1)} s of each other`,
    );
  }
}
if (only.has("many")) await measure({ machines: 4, kind: "auto", partitions: 1_024, seconds: seconds * 0.4 });
if (only.has("fixed")) {
  for (const kind of ["auto", "fixed"] as const) {
    await measure({ machines: 4, kind, partitions: 256, seconds: seconds / 5 });
  }
}
say(`\n${notes.join("\n")}`);

/** Files a second between the first file and the moment when the slots begin to idle. */
function rateWhileBusy({ each: [one] }: MachinesResult): number {
  return one === undefined ? Number.NaN : one.files / (one.last - one.first);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
