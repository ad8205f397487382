/** What limits a run: the rates of its services, as they were found, and the operator's brakes. */
import type { RequestBrake } from "../azure/gate/brake.ts";
import type { RateChange } from "../azure/gate/learned-rate.ts";
import { Pacer } from "../azure/gate/pacer.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { Timetable } from "../core/timetable.ts";
import type { AutoSlots, ServiceLoad } from "../pipeline/pipeline.ts";
import type { Message } from "../report/messages.ts";
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
  /** Bytes through this machine; undefined: as many as there are. */
  readonly bandwidth: Pacer | undefined;
  /** For how long each of the operator's limits has held requests, ms. */
  readonly #own: (() => number)[] = [];
  readonly #holders: Holder[] = [];
  readonly #answers: (() => number)[] = [];
  /** Which part of the operator's limits this machine may take, from 0 to 1. */
  share: () => number = () => 1;
  #last: { readonly at: number; readonly held: readonly number[] } | undefined;

  constructor({ maxRequests, maxBandwidth }: Pick<RunSettings, "maxRequests" | "maxBandwidth">) {
    const requests = this.#pacer("--max-requests", maxRequests);
    this.brakes =
      requests === undefined
        ? []
        : [{ pass: (signal) => requests.pass(1, signal), passAtOnce: () => requests.passAtOnce(1) }];
    this.bandwidth = this.#pacer("--max-bandwidth", maxBandwidth);
  }

  #pacer(name: string, timetable: Timetable | undefined): Pacer | undefined {
    if (timetable?.lowest === undefined) return undefined;
    const pacer = new Pacer(REAL_SURROUNDINGS, () => {
      const rate = timetable.at(REAL_SURROUNDINGS.wall());
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

  /** For how long the operator's limits have held requests, all together, ms; undefined: there are none. */
  get heldMs(): number | undefined {
    return this.#own.length === 0 ? undefined : this.#own.reduce((sum, heldMs) => sum + heldMs(), 0);
  }

  load(): ServiceLoad {
    return {
      answers: this.#answers.reduce((sum, answers) => sum + answers(), 0),
      heldMs: this.#holders.reduce((sum, { heldMs }) => sum + heldMs(), 0),
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
    onChange: (change) => tell({ type: "concurrency", what: "file slots", unit: "slots", ...change }),
  };
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
