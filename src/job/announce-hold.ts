/**
 * `announce` holds the partition's lease, as a run does: no machine works on the partition while its files are announced
 * here, and none is announced here while a machine works on it. A state of many partitions holds each that has files to
 * announce.
 */
import { hostname } from "node:os";
import type { Announcer } from "../announce/announcer.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { chooseWaitSignal, type WorkSignals } from "../core/waits.ts";
import { Hold, type HoldOptions } from "../machines/hold.ts";
import type { AnnouncementStore } from "../state/announcements.ts";
import type { RunRecord } from "../state/run-record.ts";
import { abortAfter, sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";
import type { Services } from "./services.ts";
import { locateStatesRun } from "./own-csv.ts";
import { partitionLoss } from "./partition-loss.ts";
import { StartPlace } from "./start-place.ts";

const LOOK_MS = 500;
const LAST_CALLS_MS = 10_000;
/** Leases that are asked for at the same time. */
const TAKEN_AT_ONCE = 16;

interface Taking {
  readonly run: RunRecord;
  readonly settings: RunSettings;
  readonly services: Services;
  readonly store: Pick<AnnouncementStore, "partitions">;
}

/** The leases while announcements are sent: that of the state's partition, or of each that has files to announce. */
export class AnnounceHold {
  readonly #holds: readonly Hold[];
  readonly #surroundings: Surroundings;

  private constructor(context: JobContext, holds: readonly HeldPart[], totalPartitions: number) {
    this.#holds = holds.map(({ hold }) => hold);
    this.#surroundings = context.surroundings;
    for (const { hold, partition } of holds) {
      const { lost } = hold;
      const stop = () =>
        context.control.drain(partitionLoss({ partition, totalPartitions, reason: lost.reason }));
      lost.addEventListener("abort", stop, { once: true });
      if (lost.aborted) stop();
    }
  }

  /**
   * @returns undefined when no other machine can know of the run: it was never coordinated, or is not to be
   * @throws ReuploadError `partition-held`, `coordination-forbidden`, `coordination-damaged`, `unavailable`
   */
  static async take(context: JobContext, taking: Taking): Promise<AnnounceHold | undefined> {
    const { surroundings } = context;
    const { run, settings, services, store } = taking;
    const { partition, totalPartitions } = run.identity;
    if (!settings.coordination) return undefined;
    const partitions = partition === "auto" ? store.partitions() : [partition];
    using place = new StartPlace(context, { settings, services });
    const { account, serviceTime, signal } = place;
    try {
      const { names } = await locateStatesRun({ account, surroundings }, run, signal);
      const at = { account, surroundings, serviceTime, names };
      const holds = await takeAll(context, run, at, partitions, signal);
      return holds.length === 0 ? undefined : new AnnounceHold(context, holds, totalPartitions);
    } catch (thrown) {
      const explained = place.explain(thrown);
      if (mayGoWithout(explained, totalPartitions)) return undefined;
      throw partition === "auto" ? adviseAuto(explained) : explained;
    }
  }

  /** The same announcer; what it announces waits while a lease is uncertain. */
  guarded(announcer: Announcer): Announcer {
    const mayBegin = () => this.#holds.every((hold) => hold.mayBegin);
    return {
      announce: async (blobName: string, signals: WorkSignals) => {
        while (!mayBegin()) await sleep(this.#surroundings, LOOK_MS, chooseWaitSignal(signals));
        return announcer.announce(blobName, signals);
      },
    };
  }

  async end(): Promise<void> {
    await giveBack(this.#holds, this.#surroundings);
  }
}

interface HeldPart {
  readonly partition: number;
  readonly hold: Hold;
}

/** All of them or none. Those that no machine can have need no hold. @throws as `Hold.take` */
async function takeAll(
  { surroundings, notice }: JobContext,
  run: RunRecord,
  place: Pick<HoldOptions, "account" | "surroundings" | "serviceTime" | "names">,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<HeldPart[]> {
  const { totalPartitions, csvDigest } = run.identity;
  const common = {
    ...place,
    csv: { digest: csvDigest },
    holder: { host: hostname(), pid: process.pid, stateId: run.runId },
    totalPartitions,
    onWait: ({ host, pid }: { readonly host: string; readonly pid: number }) =>
      notice("info", `${host} (process ${pid}) still holds the lease: waiting up to 61 s for its end`),
  };
  const held: HeldPart[] = [];
  for (let at = 0; at < partitions.length; at += TAKEN_AT_ONCE) {
    const some = partitions.slice(at, at + TAKEN_AT_ONCE);
    const results = await Promise.allSettled(
      some.map(async (partition) => ({ partition, hold: await Hold.take({ ...common, partition }, signal) })),
    );
    for (const result of results) {
      if (result.status === "fulfilled" && result.value.hold !== undefined)
        held.push({ partition: result.value.partition, hold: result.value.hold });
    }
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) continue;
    await giveBack(
      held.map(({ hold }) => hold),
      surroundings,
    );
    throw failed.reason;
  }
  return held;
}

/** What cannot be told now is found out by whoever looks next: a lease ends by itself. */
async function giveBack(holds: readonly Hold[], surroundings: Surroundings): Promise<void> {
  const signal = abortAfter(surroundings, LAST_CALLS_MS);
  await Promise.all(holds.map(async (hold) => hold.end(signal).catch(() => {})));
}

/** A machine of the run takes over what this state has uploaded, and announces it. */
function adviseAuto(thrown: unknown): unknown {
  if (!(thrown instanceof ReuploadError) || thrown.code !== "partition-held") return thrown;
  return new ReuploadError("partition-held", thrown.message, {
    advice:
      "A machine of this run announces what it finds there. Resume this state (run --resume): it learns what the others have announced.",
    cause: thrown,
  });
}

/** Without its container no run is coordinated; a run of the whole CSV goes on without the right, as it began. */
function mayGoWithout(thrown: unknown, totalPartitions: number): boolean {
  if (!(thrown instanceof ReuploadError)) return false;
  if (thrown.code === "coordination-missing") return true;
  return thrown.code === "coordination-forbidden" && totalPartitions === 1;
}
