/**
 * The two doors of a slot as threads carry them, when TEST_CARRIERS says so (`npm run test:threads`): each call, its signals
 * and its answer go through as many message channels in turn, as they do between threads. Else the doors as they are.
 */
import { MessageChannel } from "node:worker_threads";
import type { Announcer } from "../../src/announce/announcer.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";
import { DrainingWaits } from "../../src/pipeline/draining-waits.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import type { Transfer } from "../../src/transfer/transfer.ts";
import { serveSlots, type SlotStages } from "../../src/workers/serve.ts";
import { SlotThread } from "../../src/workers/slot-thread.ts";

const CARRIERS = Number(process.env["TEST_CARRIERS"] ?? 0);

/** Each of them learns by itself what a service cannot do. */
export const LEARNERS = Math.max(1, CARRIERS);

type Replaces = ((blobName: string) => boolean) | undefined;

/** @param transfer as `SlotStages.transfer`: made for each carrier @param replaces as `TransferSettings.replaces` */
export function carriedTransfer(transfer: (replaces: Replaces) => Transfer, replaces: Replaces): Transfer {
  if (CARRIERS === 0) return transfer(replaces);
  const deliver = (own: Replaces) => new LocalDelivery({ transfer: transfer(own), announcer: undefined });
  const next = startCarriers(deliver, replaces);
  return {
    async transfer(file, blobName, signals) {
      const { result } = await next().deliver({ file, blobName, announces: "never" }, signals);
      return result;
    },
  };
}

/** As `carriedTransfer`. */
export function carriedAnnouncer(announcer: Announcer): Announcer {
  if (CARRIERS === 0) return announcer;
  const transfer = (): never => {
    throw new TypeError("nothing is transferred in this test");
  };
  const next = startCarriers(() => new LocalDelivery({ transfer: { transfer }, announcer }), undefined);
  return { announce: async (blobName, signals) => next().announce(blobName, signals) };
}

/** @returns gives each of them in turn */
function startCarriers(delivery: SlotStages["delivery"], replaces: Replaces): () => SlotThread {
  const carriers = Array.from({ length: CARRIERS }, () => {
    const { port1, port2 } = new MessageChannel();
    const thread = new SlotThread(
      {
        postMessage: (message) => port1.postMessage(message),
        on: (event: string, take: unknown) =>
          event === "message" ? port1.on(event, take as (message: unknown) => void) : undefined,
        terminate: async () => port1.close(),
        ref: () => port1.ref(),
        unref: () => port1.unref(),
        performance: { eventLoopUtilization: () => ({ active: 0, idle: 0 }) },
      },
      { replaces, hangsAfterMs: Infinity, onDeath: () => {} },
    );
    serveSlots(port2, {
      surroundings: REAL_SURROUNDINGS,
      delivery,
      figures: { retries: 0, throttles: 0, hedges: 0 },
      heldMs: () => 0,
      openWaits: ({ end, draining }) => new DrainingWaits(REAL_SURROUNDINGS, end, draining),
    });
    // What is under way keeps the process alive by the other port.
    port2.unref();
    return thread;
  });
  let calls = 0;
  return () => carriers[calls++ % carriers.length]!;
}
