/**
 * What one attempt costs this process besides its request: `Attempts`, hedging and the gate, without any network. In
 * this thread alone, at a gate that is shared with other threads, and as another thread has it; open, and with a rate
 * that is not reached.
 *
 *     node bench/gate-cost.ts [--requests 200000] [--rounds 5] [--at-once 64]
 */
import { parseArgs } from "node:util";
import { ATTEMPT_DEFAULTS, Attempts } from "../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../src/azure/attempts/effort.ts";
import { HEDGE_DEFAULTS, Hedging } from "../src/azure/attempts/hedge.ts";
import type { Gate } from "../src/azure/gate/gate.ts";
import { Pacer } from "../src/azure/gate/pacer.ts";
import { GATE_DEFAULTS, ServiceGate } from "../src/azure/gate/service-gate.ts";
import { openSharedGates } from "../src/azure/shared/open-shared-gates.ts";
import { shareGates } from "../src/azure/shared/share-gates.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "200000" },
    rounds: { type: "string", default: "5" },
    "at-once": { type: "string", default: "64" },
  },
});
const requests = Number(values.requests);
const atOnce = Number(values["at-once"]);
const { signal } = new AbortController();

/** CPU of this process for each request, us. */
async function cpuOf(request: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  let left = requests;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await request();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

const open = (): ServiceGate => new ServiceGate(REAL_SURROUNDINGS, "target", GATE_DEFAULTS);
const shared = (rate?: number): { readonly judge: Gate; readonly remote: Gate } => {
  const judge = open();
  const pacer = (): Pacer => new Pacer(REAL_SURROUNDINGS, () => rate);
  const sharing = shareGates(REAL_SURROUNDINGS, {
    target: judge,
    queue: open(),
    source: open,
    requests: pacer(),
    bandwidth: pacer(),
    signIn: undefined,
  });
  return { judge, remote: openSharedGates(REAL_SURROUNDINGS, sharing.connect().description).target };
};
const attempts = new Attempts(
  REAL_SURROUNDINGS,
  ATTEMPT_DEFAULTS,
  new Hedging(REAL_SURROUNDINGS, HEDGE_DEFAULTS),
);
const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const attempt = (gate: Gate) => async (): Promise<void> =>
  attempts.run(gate, new RequestBudget(signal, 600_000), "put blob", nextTurn, { hedged: true });
const unlimited = shared();
const ways: Record<string, () => Promise<void>> = {
  "turn of the loop": nextTurn,
  alone: attempt(open()),
  "shared, main": attempt(unlimited.judge),
  "shared, thread": attempt(unlimited.remote),
  "thread with a rate": attempt(shared(1e7).remote),
};
for (const request of Object.values(ways)) await cpuOf(request);
for (let round = 1; round <= Number(values.rounds); round++) {
  const figures: string[] = [];
  for (const [name, request] of Object.entries(ways)) {
    figures.push(`${name} ${(await cpuOf(request)).toFixed(2)} us`);
  }
  process.stdout.write(`round ${round}: ${figures.join(", ")}\n`);
}
