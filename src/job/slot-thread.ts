/** Where a thread of `--threads` begins: it builds what the main thread carries files with, and serves its calls. */
import { parentPort, workerData } from "node:worker_threads";
import { DrainingWaits } from "../pipeline/draining-waits.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import { LocalDelivery } from "../delivery/local-delivery.ts";
import { AutoTransfer } from "../transfer/auto-transfer.ts";
import { serveSlots } from "../workers/serve.ts";
import { growYoungHeap } from "./process.ts";
import { buildSlotAnnouncer, buildSlotTools } from "./slot-stages.ts";
import { openThreadServices, type ThreadDescription } from "./thread-services.ts";

/** Builds the stages from what `workerData` tells, and serves the calls of the main thread. */
function begin(description: ThreadDescription): void {
  const { slots, content } = description;
  growYoungHeap(content);
  const services = openThreadServices(description);
  const tools = buildSlotTools(services, slots);
  const announcer = buildSlotAnnouncer(services, slots);
  if (parentPort === null) throw new TypeError("this is no thread");
  serveSlots(parentPort, {
    surroundings: REAL_SURROUNDINGS,
    delivery: (replaces) => {
      const transfer = new AutoTransfer({ ...tools, settings: { ...tools.settings, replaces } });
      return new LocalDelivery({ transfer, announcer });
    },
    figures: services.attempts.figures,
    heldMs: () => tools.buffers.heldMs,
    openWaits: ({ end, draining }) => new DrainingWaits(REAL_SURROUNDINGS, end, draining),
  });
}

begin(workerData as ThreadDescription);
