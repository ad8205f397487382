import { parentPort } from "node:worker_threads";
import { DrainingWaits } from "../../src/pipeline/draining-waits.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { serveSlots } from "../../src/workers/serve.ts";
import { actor } from "./acting-stages.ts";

if (parentPort !== null) {
  serveSlots(parentPort, {
    surroundings: REAL_SURROUNDINGS,
    delivery: actor,
    figures: { retries: 0, throttles: 0, hedges: 0 },
    heldMs: () => 7,
    openWaits: ({ end, draining }) => new DrainingWaits(REAL_SURROUNDINGS, end, draining, 20),
  });
}
