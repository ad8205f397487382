/** What carries the files of a run: the main thread alone, or threads beside it (`--threads`). */
import { availableParallelism } from "node:os";
import type { SharedGates } from "../azure/shared/share-gates.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { Delivery } from "../delivery/delivery.ts";
import { LocalDelivery } from "../delivery/local-delivery.ts";
import { startThread } from "../surroundings/program-files.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import type { TransferSettings } from "../transfer/tools.ts";
import type { Transfer } from "../transfer/transfer.ts";
import { SlotThreads } from "../workers/slot-threads.ts";
import { ThreadNotNeeded, type ThreadPort } from "../workers/workers.ts";
import type { Listener } from "./context.ts";
import { FreeProcessors } from "./free-processors.ts";
import { chooseContentWay, limitHeapOfThread } from "./process.ts";
import { buildAnnouncer, buildTransfer, type Services } from "./services.ts";
import { buildSlotAnnouncer, describeSlots } from "./slot-stages.ts";
import { describeAccount, pickProxies, type ThreadDescription } from "./thread-services.ts";

/** What carries files; dispose of it when nothing is under way any more. */
export interface Slots extends AsyncDisposable {
  readonly delivery: Delivery;
}

export interface SlotsRequest {
  readonly services: Services;
  readonly settings: RunSettings;
  /** The catalog may name files of this machine. */
  readonly localFiles: boolean;
  readonly replaces: TransferSettings["replaces"];
  readonly surroundings: Surroundings;
  readonly reporter: Pick<Listener, "tell">;
  /** Aborts when what is in flight is given up. */
  readonly aborting: AbortSignal;
  /** How long the rest of the run takes as it goes now, ms; undefined: not known. */
  readonly leftMs: () => number | undefined;
}

/** Threads in all that `--threads` allows: `auto` takes no more than this process may run at once. */
export function mostThreads({ threads }: Pick<RunSettings, "threads">): number {
  return threads === "auto" ? availableParallelism() : threads;
}

/** Threads that the processors cannot carry cost memory and time: two for each are still told nothing. */
const MOST_A_PROCESSOR = 2;

/** @param processors that this process may use at once @returns a warning when far more threads than that are asked for */
export function describeTooManyThreads(threads: number | "auto", processors: number): string | undefined {
  if (threads === "auto" || threads <= MOST_A_PROCESSOR * processors) return undefined;
  const can = processors === 1 ? "one thread" : `${processors} threads`;
  return `--threads ${threads}: this machine can run ${can} at once; more make the run slower, and each takes 20 to 90 MiB of memory`;
}

/** Starts the threads, where there are to be any. Dispose of it when nothing is under way any more. */
export function openSlots(request: SlotsRequest): Slots {
  const { services, settings } = request;
  const transfer = buildTransfer(services, settings, request);
  if (mostThreads(settings) > 1) return openThreads(request, transfer);
  const delivery = new LocalDelivery({ transfer, announcer: buildAnnouncer(services, settings) });
  return { delivery, [Symbol.asyncDispose]: async () => {} };
}

function openThreads(request: SlotsRequest, transfer: Transfer): Slots {
  const { services, settings, surroundings, reporter, replaces, aborting } = request;
  const announcer = buildSlotAnnouncer(services, describeSlots(settings, request.localFiles));
  const gates = services.shareGates();
  const warning = describeTooManyThreads(settings.threads, availableParallelism());
  if (warning !== undefined) reporter.tell({ type: "notice", level: "warning", message: warning });
  const processors = new FreeProcessors();
  const threads = new SlotThreads({
    surroundings,
    delivery: new LocalDelivery({ transfer, announcer }),
    replaces,
    start: () => {
      if (aborting.aborted) throw new ThreadNotNeeded();
      return startSlotThread(request, gates);
    },
    threads: settings.threads,
    most: mostThreads(settings),
    load: () => services.limits.load(),
    outlook: () => ({ freeProcessors: processors.take(), leftMs: request.leftMs() }),
    events: {
      onChange: (change) =>
        reporter.tell({ type: "concurrency", what: "threads", unit: "threads", ...change }),
      onDeath: (died) => reporter.tell({ type: "thread-ended", ...died, isStopping: aborting.aborted }),
    },
  });
  services.alsoCounts(() => threads.figures);
  services.limits.addMemory(() => threads.heldMs);
  services.limits.threads = threads;
  return {
    delivery: services.brakesAnnouncements ? inTwoSteps(threads, services) : threads,
    async [Symbol.asyncDispose]() {
      await threads.close();
      gates.close();
    },
  };
}

/** Transfers first, and announces when the brake in this thread lets it: each of the two goes to a thread of its own. */
function inTwoSteps(threads: SlotThreads, services: Services): Delivery {
  const transfer: Transfer = {
    async transfer(file, blobName, signals) {
      const { result } = await threads.deliver({ file, blobName, announces: "never" }, signals);
      return result;
    },
  };
  return new LocalDelivery({ transfer, announcer: services.braked(threads) });
}

/** One more thread; what it shares with this one ends with it. */
function startSlotThread({ services, settings, localFiles }: SlotsRequest, gates: SharedGates): ThreadPort {
  const slots = describeSlots({ ...settings, threads: mostThreads(settings) }, localFiles);
  const shared = gates.connect();
  const content = chooseContentWay(settings.transfer, localFiles);
  const description: ThreadDescription = {
    slots: { ...slots, hashesApart: false },
    account: describeAccount(services.account),
    gates: shared.description,
    proxies: pickProxies(services.env),
    idleMs: settings.requestTimeout,
    content,
  };
  try {
    const thread = startThread("job/slot-thread", {
      name: "slots",
      workerData: description,
      transferList: [shared.description.port],
      resourceLimits: limitHeapOfThread(content),
      execArgv: [],
    });
    return thread.once("exit", () => shared.close());
  } catch (thrown) {
    shared.close();
    throw thrown;
  }
}
