import type { ServiceFailure } from "../wire/service-error.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";
import type { GateOptions } from "./gate-options.ts";
import { LearnedRate } from "./learned-rate.ts";
import { type Heard, isTimeout, type Outage, type OutageReason } from "./outage.ts";

/** Failures in a row, without any answer between them, that make a service count as gone ... */
const FAILURES_TO_TRIP = 8;
/** ... when they are of this many requests at least: one bad blob must not stop the run. */
const DISTINCT_TO_TRIP = 3;
/**
 * The same for a service that is asked by few requests at once, each of many things: one alone tells, and sooner. So it
 * does when something else answers in the service's place.
 */
const FAILURES_TO_TRIP_ALONE = 4;
/** Failures to connect at all are the service's trouble, whichever request they meet. */
const UNREACHABLE_TO_TRIP = 3;
/** A service that answered others so short a time ago is not gone, however many it refuses for load, ms. */
const ANSWERED_OF_LATE_MS = 1_000;

/** One attempt that ended. Times are monotonic ms. */
export interface Ended {
  /** Identity of its request, the same for all its attempts. */
  readonly request: unknown;
  readonly sentAt: number;
  readonly at: number;
  /** The outage that it was the probe of. */
  readonly probeOf?: Outage | undefined;
}

/**
 * What is found out about one service from how its requests end: the rate that it takes, until when it is left alone,
 * and whether it is gone. Nothing waits here.
 */
export class Judge {
  readonly #surroundings: Surroundings;
  readonly #options: GateOptions;
  readonly #rate: LearnedRate;
  readonly #heard = { everAnswered: false, works: false };
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #pauseBegan = 0;
  #outage: Outage | undefined;
  #failuresInRow = 0;
  #unreachableInRow = 0;
  readonly #failing = new Set<unknown>();
  #answeredAt = Number.NEGATIVE_INFINITY;
  #answers = 0;

  constructor(surroundings: Surroundings, options: GateOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#rate = new LearnedRate(surroundings.monotonic(), options.onRateChange);
  }

  /** The service is left alone until then, monotonic ms. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** When the last pause began, ms since the epoch. */
  get pauseBegan(): number {
    return this.#pauseBegan;
  }

  get outage(): Outage | undefined {
    return this.#outage;
  }

  get heard(): Heard {
    return this.#heard;
  }

  /** Attempts that were answered; it only grows. */
  get answers(): number {
    return this.#answers;
  }

  get isOpen(): boolean {
    return this.#outage === undefined && this.#surroundings.monotonic() >= this.#pausedUntil;
  }

  /** Some were refused of late, so that each answer counts for what is found next. */
  get isInDoubt(): boolean {
    return this.#rate.hasNewRefusals;
  }

  /** Requests a second that may be sent; undefined while there is no limit. */
  rateAt(now: number): number | undefined {
    return this.#rate.at(now);
  }

  /** Answers until now say only that the service is there. */
  beginWork(): void {
    this.#heard.works = false;
  }

  sent(now: number): void {
    this.#rate.sent(now);
  }

  /** @param sentAt when the request was sent */
  answered(sentAt: number, now: number): void {
    this.#rate.answered(sentAt, now);
    this.#heardFrom(1, now);
  }

  /**
   * What other threads sent, and what was answered to them, since this was told last.
   *
   * @param tookMs how long an answer took, on average
   */
  hear(sent: number, answers: number, tookMs: number, now: number): void {
    if (sent > 0) this.#rate.sent(now, sent);
    if (answers === 0) return;
    this.#rate.answered(now - tookMs, now, answers);
    this.#heardFrom(answers, now);
  }

  /** The service asked to slow down. @param retryAfterMs for so long, when it said so */
  throttled(ended: Ended, retryAfterMs: number | undefined): void {
    this.#rate.refused(ended.sentAt, ended.at, this.#slowDown(retryAfterMs, ended.at));
    this.#failed(ended, "overloaded", undefined);
  }

  failed(ended: Ended, reason: OutageReason, failure: ServiceFailure | undefined): void {
    if (failure !== undefined && isTimeout(failure.answer)) this.#rate.timedOut(ended.sentAt, ended.at);
    if (reason === "intercepted") this.#slowDown(failure?.retryAfterMs, ended.at);
    this.#failed(ended, reason, failure);
  }

  /** Takes the turn to probe, when it is free and the time has come. @returns the outage that is probed */
  takeProbe(): Outage | undefined {
    const outage = this.#outage;
    if (outage === undefined || outage.probing) return undefined;
    if (this.#surroundings.monotonic() < Math.max(outage.nextProbeAt, this.#pausedUntil)) return undefined;
    outage.probing = true;
    return outage;
  }

  #heardFrom(answers: number, now: number): void {
    this.#answers += answers;
    this.#answeredAt = now;
    this.#heard.everAnswered = this.#heard.works = true;
    this.#failuresInRow = 0;
    this.#unreachableInRow = 0;
    if (this.#failing.size > 0) this.#failing.clear();
    this.#outage = undefined;
  }

  /** Holds every attempt for so long. @returns how long it is believed, ms */
  #slowDown(retryAfterMs: number | undefined, at: number): number | undefined {
    if (retryAfterMs === undefined) return undefined;
    const ms = Math.min(retryAfterMs, this.#options.longestPauseMs);
    if (this.#pausedUntil <= at) this.#pauseBegan = this.#surroundings.wall();
    this.#pausedUntil = Math.max(this.#pausedUntil, at + ms);
    return ms;
  }

  #failed({ request, at, probeOf }: Ended, reason: OutageReason, failure: ServiceFailure | undefined): void {
    this.#failuresInRow++;
    this.#unreachableInRow = reason === "unreachable" ? this.#unreachableInRow + 1 : 0;
    if (this.#failing.size < DISTINCT_TO_TRIP) this.#failing.add(request);
    if (probeOf !== undefined) {
      probeOf.probing = false;
      probeOf.reason = reason;
      probeOf.failure = failure;
      probeOf.probeDelay = this.#nextProbeDelay(probeOf.probeDelay, reason);
      probeOf.nextProbeAt = at + probeOf.probeDelay;
    } else if (this.#outage === undefined && this.#looksGone(reason, at)) {
      const probeDelay = this.#options.firstProbeDelayMs;
      const since = { wall: this.#surroundings.wall(), monotonic: at };
      this.#outage = { since, reason, failure, probing: false, probeDelay, nextProbeAt: at + probeDelay };
    }
  }

  /** A service that is there and asks to slow down says itself for how long: its probes do not get rarer. */
  #nextProbeDelay(last: number, reason: OutageReason): number {
    if (reason === "overloaded") return this.#options.firstProbeDelayMs;
    return Math.min(last * 2, this.#options.longestProbeDelayMs);
  }

  #looksGone(reason: OutageReason, now: number): boolean {
    if (isToldByOne(reason)) return true;
    if (reason === "intercepted" && this.#failuresInRow >= FAILURES_TO_TRIP_ALONE) return true;
    if (this.#unreachableInRow >= UNREACHABLE_TO_TRIP) return true;
    if (reason === "overloaded" && now - this.#answeredAt < ANSWERED_OF_LATE_MS) return false;
    if (this.#options.fewRequests === true) return this.#failuresInRow >= FAILURES_TO_TRIP_ALONE;
    return this.#failuresInRow >= FAILURES_TO_TRIP && this.#failing.size >= DISTINCT_TO_TRIP;
  }
}

/** Whether one failure of this kind shows that the service is gone for all. */
export function isToldByOne(reason: OutageReason): boolean {
  return reason === "sign-in" || reason === "clock";
}
