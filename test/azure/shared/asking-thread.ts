/** A thread that asks a gate for passes until it is ended, and says how many it got. */
import { parentPort, workerData } from "node:worker_threads";
import { openSharedGates } from "../../../src/azure/shared/open-shared-gates.ts";
import type { GatesDescription } from "../../../src/azure/shared/share-gates.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** What such a thread says of itself. */
export interface Asked {
  readonly passed: number;
  /** By the clock of the process, monotonic ms. */
  readonly now: number;
}

/** What it is told: `throttled` has its next pass refused with a pause of so long, ms. */
export type Order = { readonly throttled: number } | "count";

const description = workerData as GatesDescription;
const { target } = openSharedGates(REAL_SURROUNDINGS, description);
const never = new AbortController().signal;
let passed = 0;
let pauseMs: number | undefined;

async function ask(): Promise<void> {
  const request = {};
  for (;;) {
    const pass = await target.enter(request, never);
    passed++;
    await new Promise((resolve) => setImmediate(resolve));
    if (pauseMs === undefined) {
      pass.answered();
      continue;
    }
    const ms = pauseMs;
    pauseMs = undefined;
    await pass.throttled(ms);
    parentPort?.postMessage("paused");
  }
}

parentPort?.on("message", (order: Order) => {
  if (typeof order === "object") {
    pauseMs = order.throttled;
    return;
  }
  const asked: Asked = { passed, now: REAL_SURROUNDINGS.monotonic() };
  parentPort?.postMessage(asked);
});
for (let slot = 0; slot < 20; slot++) ask().catch(() => {});
parentPort?.postMessage("begun");
