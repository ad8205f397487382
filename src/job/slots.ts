/** What carries the files of a run: the main thread alone, or threads beside it (`--threads`). */
import { availableParallelism } from "node:os";
import type { Announcer } from "../announce/announcer.ts";
import type { RunSettings } from "../config/run-options.ts";
import { startThread } from "../surroundings/program-files.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import type { TransferSettings } from "../transfer/tools.ts";
import type { Transfer } from "../transfer/transfer.ts";
import { SlotThreads } from "../workers/slot-threads.ts";
import type { Listener } from "./context.ts";
import { buildAnnouncer, buildTransfer, type Services } from "./services.ts";
import { buildSlotAnnouncer, describeSlots } from "./slot-stages.ts";
import { describeAccount, pickProxies, type ThreadDescription } from "./thread-services.ts";

/** The heap of a thread: it holds requests under way. Should it need more, the thread ends, and not the process. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 512 };
/** All threads together keep about as much file content in memory as one does, and each enough for a few blocks, bytes. */
const LEAST_BUFFER_BYTES = 32 * 2 ** 20;

/** The stages of a pipeline that carry files. */
export interface Slots extends AsyncDisposable {
  readonly transfer: Transfer;
  readonly announcer: Announcer | undefined;
}

export interface SlotsRequest {
  readonly services: Services;
  readonly settings: RunSettings;
  /** The catalog may name files of this machine. */
  readonly localFiles: boolean;
  readonly replaces: TransferSettings["replaces"];
  readonly surroundings: Surroundings;
  readonly reporter: Pick<Listener, "tell">;
}

/** Threads in all that `--threads` allows: `auto` takes no more than this process may run at once. */
export function mostThreads({ threads }: Pick<RunSettings, "threads">): number {
  return threads === "auto" ? availableParallelism() : threads;
}

/** Starts the threads, where there are to be any. Dispose of it when nothing is under way any more. */
export function openSlots(request: SlotsRequest): Slots {
  const { services, settings } = request;
  const transfer = buildTransfer(services, settings, request);
  // Threads do not share the operator's limits yet: under one, this thread carries all.
  const isLimited = settings.maxRequests !== undefined || settings.maxBandwidth !== undefined;
  const most = isLimited ? 1 : mostThreads(settings);
  const account = describeAccount(services.account);
  if (most === 1 || account === undefined) {
    return { transfer, announcer: buildAnnouncer(services, settings), [Symbol.asyncDispose]: async () => {} };
  }
  return openThreads(request, { transfer, most, account });
}

interface Opening {
  readonly transfer: Transfer;
  readonly most: number;
  readonly account: ThreadDescription["account"];
}

function openThreads(request: SlotsRequest, { transfer, most, account }: Opening): Slots {
  const { services, settings, surroundings, reporter, replaces, localFiles } = request;
  const slots = describeSlots(settings, localFiles);
  const announcer = buildSlotAnnouncer(services, slots);
  const description: ThreadDescription = {
    slots: {
      ...slots,
      bufferBytes: Math.max(LEAST_BUFFER_BYTES, Math.floor(slots.bufferBytes / most)),
      hashesApart: false,
    },
    account,
    proxies: pickProxies(services.env),
    idleMs: settings.requestTimeout,
    maxWaitMs: settings.maxWait,
    content: settings.transfer === "stream" || localFiles ? "passed" : "copied",
  };
  const threads = new SlotThreads({
    surroundings,
    transfer,
    announcer,
    replaces,
    start: () =>
      startThread("job/slot-thread", {
        workerData: description,
        resourceLimits: THREAD_LIMITS,
        execArgv: [],
      }),
    threads: settings.threads,
    most,
    load: () => services.limits.load(),
    events: {
      onChange: (change) =>
        reporter.tell({ type: "concurrency", what: "threads", unit: "threads", ...change }),
      onDeath: (died) => reporter.tell({ type: "thread-ended", ...died }),
    },
  });
  services.alsoCounts(() => threads.figures);
  services.limits.activeMs = () => threads.activeMs;
  return {
    transfer: threads,
    announcer: announcer && services.braked(threads),
    [Symbol.asyncDispose]: async () => threads.close(),
  };
}
