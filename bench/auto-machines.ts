/**
 * Machines with free partitions (`--partition auto`) against fixed ones, in turns: the built `reupload run` on the storage
 * simulator, server copy and announcement, work items whose sizes follow Zipf's law, 100 ms a request and few slots, so that
 * the cores are idle for most of the time. Tells time against the perfect split, what the coordination asks, and the CPU.
 *
 * `npm run build && npx node bench/auto-machines.ts [--machines 1,2,4] [--seconds 60] [--partitions 256] [--rounds 1]
 * [--kinds auto,fixed]`
 */
import { parseArgs } from "node:util";
import { startSimulator, whyNoSimulator } from "./simulator/start.ts";
import { type Kind, runMachines, SIMULATOR_SETTINGS } from "./support/machine-runs.ts";
import { MACHINES_HEAD, machinesRow } from "./support/machines-table.ts";

const { values } = parseArgs({
  options: {
    machines: { type: "string", default: "1,2,4" },
    seconds: { type: "string", default: "60" },
    partitions: { type: "string", default: "256" },
    rounds: { type: "string", default: "1" },
    kinds: { type: "string", default: "auto,fixed" },
  },
});

const why = await whyNoSimulator();
if (why !== undefined) throw new Error(why);
await using simulator = await startSimulator({ realtime: true, settings: SIMULATOR_SETTINGS });
const [partitions, seconds] = [Number(values.partitions), Number(values.seconds)];
say(MACHINES_HEAD);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const machines of values.machines.split(",").map(Number)) {
    for (const kind of values.kinds.split(",") as Kind[]) {
      say(machinesRow(await runMachines(simulator, { machines, kind, partitions, seconds })));
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
