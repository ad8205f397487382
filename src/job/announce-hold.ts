/**
 * `announce` holds the partition's lease, as a run does: no machine works on the partition while its files are announced
 * here, and none is announced here while a machine works on it.
 */
import { hostname } from "node:os";
import type { Announcer } from "../announce/announcer.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { chooseWaitSignal, type WorkSignals } from "../core/waits.ts";
import { Hold } from "../machines/hold.ts";
import { RestAccount } from "../machines/rest-account.ts";
import { explainRefusal } from "../machines/rights.ts";
import { observeDates, ServiceTime } from "../machines/service-time.ts";
import type { RunRecord } from "../state/run-record.ts";
import { abortAfter, sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";
import type { Services } from "./services.ts";
import { locateStatesRun } from "./own-csv.ts";
import { type LostPart, partitionLoss } from "./partition-loss.ts";
import { StartPatience } from "./start-patience.ts";

const LOOK_MS = 500;
const LAST_CALLS_MS = 10_000;

/** The lease while announcements are sent. */
export class AnnounceHold {
  readonly #hold: Hold;
  readonly #surroundings: Surroundings;

  private constructor(context: JobContext, hold: Hold, share: Omit<LostPart, "reason">) {
    this.#hold = hold;
    this.#surroundings = context.surroundings;
    const { lost } = hold;
    const stop = () => context.control.drain(partitionLoss({ ...share, reason: lost.reason }));
    lost.addEventListener("abort", stop, { once: true });
    if (lost.aborted) stop();
  }

  /**
   * @returns undefined when no other machine can know of the run: it was never coordinated, or is not to be; and for a
   * state of `--partition auto`, which holds all partitions
   * @throws ReuploadError `partition-held`, `coordination-forbidden`, `coordination-damaged`, `unavailable`
   */
  static async take(
    context: JobContext,
    { run, settings, services }: { run: RunRecord; settings: RunSettings; services: Services },
  ): Promise<AnnounceHold | undefined> {
    const { surroundings, notice } = context;
    const { partition, totalPartitions, csvDigest } = run.identity;
    if (!settings.coordination || partition === "auto") return undefined;
    const container = settings.coordinationContainer;
    const serviceTime = new ServiceTime(surroundings);
    using patience = new StartPatience(context, serviceTime, settings);
    try {
      const account = observeDates(new RestAccount(services.coordination, container), serviceTime);
      const { names } = await locateStatesRun({ account, surroundings }, run, patience.signal);
      const hold = await Hold.take(
        {
          account,
          surroundings,
          serviceTime,
          names,
          csv: { digest: csvDigest },
          holder: { host: hostname(), pid: process.pid, stateId: run.runId },
          partition,
          totalPartitions,
          onWait: ({ host, pid }) =>
            notice("info", `${host} (process ${pid}) still holds the lease: waiting up to 61 s for its end`),
        },
        patience.signal,
      );
      return hold && new AnnounceHold(context, hold, { partition, totalPartitions });
    } catch (thrown) {
      const explained = explainRefusal(thrown, { blobEndpoint: services.account.blobEndpoint, container });
      if (mayGoWithout(explained, totalPartitions)) return undefined;
      throw explained;
    }
  }

  /** The same announcer; what it announces waits while the lease is uncertain. */
  guarded(announcer: Announcer): Announcer {
    return {
      announce: async (blobName: string, signals: WorkSignals) => {
        while (!this.#hold.mayBegin) await sleep(this.#surroundings, LOOK_MS, chooseWaitSignal(signals));
        return announcer.announce(blobName, signals);
      },
    };
  }

  async end(): Promise<void> {
    // What cannot be told now is found out by whoever looks next: the lease ends by itself.
    await this.#hold.end(abortAfter(this.#surroundings, LAST_CALLS_MS)).catch(() => {});
  }
}

/** Without its container no run is coordinated; a run of the whole CSV goes on without the right, as it began. */
function mayGoWithout(thrown: unknown, totalPartitions: number): boolean {
  if (!(thrown instanceof ReuploadError)) return false;
  if (thrown.code === "coordination-missing") return true;
  return thrown.code === "coordination-forbidden" && totalPartitions === 1;
}
