/** What limits a run: the rates of its services, as they were found, and the operator's brakes. */
import { type RequestBrake, requestBrake } from "../azure/gate/brake.ts";
import type { RateChange } from "../azure/gate/learned-rate.ts";
import { Pacer } from "../azure/gate/pacer.ts";
import type { LimitChange } from "../config/limit-changes.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { Timetable } from "../core/timetable.ts";
import type { AutoSlots, CarryingThreads, RunningPipeline, ServiceLoad } from "../pipeline/pipeline.ts";
import type { Message } from "../report/messages.ts";
import type { LimitRequest } from "./run-control.ts";
import { POOL_BOUNDS } from "../pipeline/pool-size.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** The least that is read and sent at once when the bandwidth is limited, bytes. */
const LEAST_BLOCK = 256 * 1024;

/** Something that holds requests; it tells for how long, all together, ms. */
interface Holder {
  readonly name: string;
  readonly heldMs: () => number;
}

/** Held for less than this share of the slots' time: not worth telling. */
const TELLING = 0.05;

export class Limits {
  /** For the gates of the storage services. */
  readonly brakes: readonly RequestBrake[];
  /** Requests to the storage services: the brakes pass them here. */
  readonly requests: Pacer;
  /** Bytes through this machine. */
  readonly bandwidth: Pacer;
  #maxRequests: Timetable | undefined;
  #maxBandwidth: Timetable | undefined;
  /** For how long each of the operator's limits has held requests, ms. */
  readonly #own: (() => number)[] = [];
  readonly #holders: Holder[] = [];
  readonly #answers: (() => number)[] = [];
  /** For how long slots waited for memory, ms. */
  readonly #memory: (() => number)[] = [];
  /** Which part of the operator's limits this machine may take, from 0 to 1. */
  share: () => number = () => 1;
  /** undefined: this thread alone carries the files. */
  threads: CarryingThreads | undefined;
  #last: { readonly at: number; readonly held: readonly number[] } | undefined;

  constructor({ maxRequests, maxBandwidth }: Pick<RunSettings, "maxRequests" | "maxBandwidth">) {
    this.#maxRequests = maxRequests;
    this.#maxBandwidth = maxBandwidth;
    const requests = this.#pacer("--max-requests", () => this.#maxRequests);
    this.requests = requests;
    this.brakes = [requestBrake(requests)];
    this.bandwidth = this.#pacer("--max-bandwidth", () => this.#maxBandwidth);
  }

  /** From now on these hold; those that wait under a limit before are looked at again within a second. */
  change(change: Pick<LimitChange, "maxRequests" | "maxBandwidth">): void {
    if ("maxRequests" in change) this.#maxRequests = change.maxRequests;
    if ("maxBandwidth" in change) this.#maxBandwidth = change.maxBandwidth;
  }

  /** A limit that is not set costs nothing but a look at it. */
  #pacer(name: string, timetable: () => Timetable | undefined): Pacer {
    const pacer = new Pacer(REAL_SURROUNDINGS, () => {
      const rate = timetable()?.at(REAL_SURROUNDINGS.wall());
      return rate === undefined ? undefined : rate * this.share();
    });
    this.#own.push(() => pacer.heldMs);
    this.add({ name, heldMs: () => pacer.heldMs });
    return pacer;
  }

  /** @param answers the requests that it answered, when it is a service */
  add(holder: Holder, answers?: () => number): void {
    this.#holders.push(holder);
    if (answers !== undefined) this.#answers.push(answers);
  }

  /** Slots wait until others have sent their content. @param heldMs for how long, all together, ms */
  addMemory(heldMs: () => number): void {
    this.#holders.push({ name: "memory", heldMs });
    this.#memory.push(heldMs);
  }

  /** For how long the operator's limits have held requests, all together, ms; undefined: there are none. */
  get heldMs(): number | undefined {
    const isLimited = [this.#maxRequests, this.#maxBandwidth].some((limit) => limit?.lowest !== undefined);
    return isLimited ? this.#own.reduce((sum, heldMs) => sum + heldMs(), 0) : undefined;
  }

  load(): ServiceLoad {
    const memoryMs = this.#memory.reduce((sum, heldMs) => sum + heldMs(), 0);
    return {
      answers: this.#answers.reduce((sum, answers) => sum + answers(), 0),
      heldMs: this.#holders.reduce((sum, { heldMs }) => sum + heldMs(), 0) - memoryMs,
      memoryMs,
    };
  }

  /** What held the slots back most since this was asked last; undefined when nothing held them much. */
  limitedBy(slotsInUse: number): string | undefined {
    const now = { at: REAL_SURROUNDINGS.monotonic(), held: this.#holders.map(({ heldMs }) => heldMs()) };
    const before = this.#last ?? now;
    this.#last = now;
    const shares = now.held.map((ms, at) => ms - (before.held[at] ?? 0));
    const most = Math.max(0, ...shares);
    if (most === 0 || most < TELLING * slotsInUse * (now.at - before.at)) return undefined;
    return this.#holders[shares.indexOf(most)]?.name;
  }
}

/** How large blocks are: small enough that a limited bandwidth holds over seconds, not minutes. */
export function chooseBlockBytes({ maxBandwidth }: Pick<RunSettings, "maxBandwidth">, usual: number): number {
  if (maxBandwidth?.lowest === undefined) return usual;
  return Math.round(Math.min(usual, Math.max(LEAST_BLOCK, maxBandwidth.lowest / 4)));
}

/** The pool of file slots: as many as the settings say, or as many as are found to pay. */
export function chooseSlots(
  { concurrency }: Pick<RunSettings, "concurrency">,
  limits: Limits,
  tell: (message: Message) => void,
): number | AutoSlots {
  if (concurrency !== "auto") return concurrency;
  return {
    load: () => limits.load(),
    threads: limits.threads,
    onChange: (change) => tell({ type: "concurrency", what: "file slots", unit: "slots", ...change }),
  };
}

/**
 * Files that will surely be in flight at once in this thread, if each work item has one.
 *
 * @param workItems that are left
 */
export function surelyInFlight(
  { concurrency, threads, limit, sample }: RunSettings,
  workItems: number,
): number {
  // Several threads from the start have connections of their own.
  if (threads !== "auto" && threads > 1) return 0;
  const slots = concurrency === "auto" ? POOL_BOUNDS.start : concurrency;
  return Math.min(slots, workItems, limit ?? workItems, sample ?? workItems);
}

/** Has the limits of a running pipeline and of its services changed, as the operator says. */
export function changeLimits(
  change: LimitRequest,
  pipeline: Pick<RunningPipeline, "change">,
  { limits }: { readonly limits: Limits },
  tell: (message: Message) => void,
): void {
  const { concurrency, slots, workitemWorkers, maxFailures } = change;
  limits.change(change);
  pipeline.change({
    ...(concurrency === undefined ? {} : { slots: chooseSlots({ concurrency }, limits, tell) }),
    ...(slots === undefined ? {} : { slots }),
    ...(workitemWorkers === undefined ? {} : { workItemWorkers: workitemWorkers }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
  });
}

const WHY: Readonly<Record<RateChange, string>> = {
  refused: "it was overloaded",
  timeouts: "it did not answer in time",
  raised: "to find out whether it takes more",
  "not-for-the-rate": "it refuses requests at any rate",
};

/** A service's rate that was learned anew, as it is told. */
export function rateMessage(
  what: string,
  to: number | undefined,
  from: number | undefined,
  why: RateChange,
): Message {
  return { type: "concurrency", what, unit: "requests/s", from, to, why: WHY[why] };
}

/** Why only some work items were taken, such as `--limit 20`; undefined when all were. */
export function limitedBy({ limit, sample, canary }: RunSettings): string | undefined {
  if (canary !== undefined) return `--canary ${"count" in canary ? canary.count : `${canary.percent}%`}`;
  if (limit !== undefined) return `--limit ${limit}`;
  return sample === undefined ? undefined : `--sample ${sample}`;
}

/** A share of the whole run is judged by all machines' records; so many files are too many on one machine, too. */
export function ownFailureLimit({ partition, maxFailures }: RunSettings): RunSettings["maxFailures"] {
  const isOfAll = partition === "auto" && maxFailures !== undefined && "percent" in maxFailures;
  return isOfAll ? undefined : maxFailures;
}
