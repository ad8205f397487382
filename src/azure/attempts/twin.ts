import type { Link } from "../../core/linked-list.ts";
import type { AttemptClock } from "./attempt-clock.ts";
import type { Begun, HedgedKind, HedgedRequest } from "./hedge.ts";

/** What a request gave. */
export interface Answer<T> {
  readonly value: T;
}

/** The second of two equal requests, under way. */
export interface SecondRequest<T> {
  /** undefined when it failed or was cut; it never rejects. */
  readonly answer: Promise<Answer<T> | undefined>;
  cut(): void;
}

/**
 * The second request of an attempt: made when `Hedging` finds that the first takes long, and nothing until then.
 *
 * Both are conditional creates, so at most one takes effect, and any success is the file's. A "no" is not believed while
 * the other one is under way, whichever was told it: the name may be taken because the other one took it. So the first
 * one's failure counts only when the second has failed as well. The second one's never counts: whatever it was told, "it
 * exists" above all, the first one or the next attempt is told as well. Who is not waited for is cut, and has ended before
 * the attempt is over: nobody reads the body any more.
 */
export class Hedge<T> implements HedgedRequest {
  readonly allowedMs: number;
  readonly #kind: HedgedKind;
  readonly #first: AttemptClock;
  readonly #ask: () => SecondRequest<T> | undefined;
  #underWay: Link<Begun> | undefined;
  #second: SecondRequest<T> | undefined;

  /**
   * @param first the clock of the request itself
   * @param allowedMs how much longer than others it may take
   * @param ask makes it a second time, unless the service is not to be asked now
   */
  constructor(
    kind: HedgedKind,
    first: AttemptClock,
    allowedMs: number,
    ask: () => SecondRequest<T> | undefined,
  ) {
    this.#kind = kind;
    this.#first = first;
    this.allowedMs = allowedMs;
    this.#ask = ask;
  }

  get spentMs(): number {
    return this.#first.spentMs;
  }

  askAgain(): boolean {
    this.#second = this.#ask();
    return this.#second !== undefined;
  }

  /** The first request begins. */
  begin(): void {
    this.#underWay = this.#kind.begin(this);
  }

  /** The first request was answered. @returns settles when the second has ended; undefined when there is none */
  answered(): Promise<unknown> | undefined {
    this.#ended(this.#first.spentMs);
    this.#second?.cut();
    return this.#second?.answer;
  }

  /**
   * The first request has ended without an answer.
   *
   * @param isWanted the second is to go on; else it is cut
   * @returns what the second is answered; undefined when that fails too
   */
  failed(isWanted: boolean): Promise<Answer<T> | undefined> | undefined {
    // Had the second not ended it, it would have taken longer still.
    this.#ended(this.#first.wasCut ? this.#first.spentMs : undefined);
    if (!isWanted) this.#second?.cut();
    return this.#second?.answer;
  }

  #ended(tookMs: number | undefined): void {
    if (this.#underWay !== undefined) this.#kind.end(this.#underWay, tookMs);
  }
}
