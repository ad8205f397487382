import type { ReuploadError } from "../../core/errors.ts";
import type { ServiceAnswer } from "../../core/failure.ts";
import { atTarget } from "../../core/service-codes.ts";
import type { Gate, GatePass } from "./gate.ts";
import type { GateOptions } from "./gate-options.ts";
import { LearnedRate } from "./learned-rate.ts";
import {
  type GateWaiting,
  isMidRun,
  isTimeout,
  type Outage,
  outageError,
  outageWaiting,
  type OutageReason,
  signInAdviceFor,
} from "./outage.ts";
import { Pacer } from "./pacer.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";

export { GATE_DEFAULTS, type GateOptions } from "./gate-options.ts";
export type { GateWaiting } from "./outage.ts";

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
/** How often a waiting request looks at the gate again. */
const LOOK_AGAIN_MS = 250;

/**
 * The judge of one service, in the thread that has the run.
 *
 * `open`    attempts pass, at the rate that the service was found to take (`LearnedRate`) and as the brakes let them.
 * `paused`  entered when the service asks to slow down; holds every attempt until the latest time it named; left by
 *           time alone.
 * `down`    entered when the service as a whole seems gone: several attempts in a row failed, of several requests
 *           unless there was no connection at all or something else answered in its place, and none succeeded; at once
 *           when nobody is signed in or this machine's clock is wrong. One attempt at a time passes, as a probe, ever
 *           more rarely; nothing is charged to the requests that wait. Left when a probe gets any answer; after the
 *           longest wait the waiting requests get the outage as their error.
 */
export class ServiceGate implements Gate {
  readonly name: string;
  readonly #surroundings: Surroundings;
  readonly #options: GateOptions;
  #pausedUntil = 0;
  #outage: Outage | undefined;
  #failuresInRow = 0;
  #unreachableInRow = 0;
  #failing = new Set<object>();
  readonly #heard = { everAnswered: false, works: false };
  #pauseBegan = 0;
  #answeredAt = 0;
  #answers = 0;
  readonly #rate: LearnedRate;
  readonly #pacer: Pacer;

  constructor(surroundings: Surroundings, name: string, options: GateOptions) {
    this.#surroundings = surroundings;
    this.name = name;
    this.#options = options;
    this.#rate = new LearnedRate(surroundings.monotonic(), options.onRateChange);
    this.#pacer = new Pacer(surroundings, (now) => this.#rate.at(now));
  }

  /** Attempts that the service answered, and how long attempts were held to its rate, all together, ms; they only grow. */
  get load(): { readonly answers: number; readonly heldMs: number } {
    return { answers: this.#answers, heldMs: this.#pacer.heldMs };
  }

  /** What is waited for, for the progress line; undefined while the gate is open. */
  get waiting(): GateWaiting | undefined {
    if (this.#outage !== undefined) {
      return outageWaiting(this.name, this.#outage, this.#signInAdvice(this.#outage.failure));
    }
    if (this.#pausedUntil > this.#surroundings.wall()) {
      return { what: this.name, since: this.#pauseBegan, advice: "it asked to slow down", throttled: true };
    }
    return undefined;
  }

  /** From now on the service is asked for the work itself; answers until then say only that it is there. */
  beginWork(): void {
    this.#heard.works = false;
  }

  get isEssential(): boolean {
    return this.#options.essential;
  }

  ready(signal: AbortSignal): Promise<unknown> | undefined {
    // A source may be read without a token: which of its requests need one, they say themselves.
    return this.#options.essential ? this.#options.signIn?.ready(signal) : undefined;
  }

  outageIn(answer: ServiceAnswer): OutageReason | undefined {
    if (!this.#options.essential) return undefined;
    const becomes = atTarget(answer.errorCode);
    if (becomes === "gone") return "missing";
    if (becomes === "rights") return "forbidden";
    return becomes === undefined && answer.status === 403 ? "forbidden" : undefined;
  }

  get isDown(): boolean {
    return this.#outage !== undefined;
  }

  async enter(request: object, signal: AbortSignal): Promise<GatePass> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#outage !== undefined) {
        if (this.#mayProbe(this.#outage)) return this.#pass(request, this.#outage);
        await this.#untilProbe(this.#outage, signal);
      } else if (!this.#isOpen) {
        await sleep(
          this.#surroundings,
          Math.min(this.#pausedUntil - this.#surroundings.wall(), LOOK_AGAIN_MS),
          signal,
        );
      } else {
        // Whoever waited looks at the gate again: what comes after a pause is to go at the service's rate, too.
        const held = this.#pacer.pass(1, signal);
        if (held !== undefined) await held;
        for (const brake of this.#isOpen ? (this.#options.brakes ?? []) : []) {
          const braked = brake.pass(signal);
          if (braked !== undefined) await braked;
        }
        if (this.#isOpen) return this.#pass(request, undefined);
      }
    }
  }

  enterAtOnce(request: object): GatePass | undefined {
    const { brakes = [] } = this.#options;
    const mayPass = this.#isOpen && this.#pacer.passAtOnce(1) && brakes.every((brake) => brake.passAtOnce());
    return mayPass ? this.#pass(request, undefined) : undefined;
  }

  get #isOpen(): boolean {
    return this.#outage === undefined && this.#surroundings.wall() >= this.#pausedUntil;
  }

  /** Takes the turn to probe, when it is free and the time has come. */
  #mayProbe(outage: Outage): boolean {
    if (outage.probing || this.#surroundings.wall() < Math.max(outage.nextProbeAt, this.#pausedUntil))
      return false;
    outage.probing = true;
    return true;
  }

  async #untilProbe(outage: Outage, signal: AbortSignal): Promise<void> {
    const now = this.#surroundings.wall();
    const endsAt = outage.since + this.#longestWait(outage);
    if (now >= endsAt) throw this.#outageError(outage);
    const probeAt = Math.max(outage.nextProbeAt, this.#pausedUntil);
    const next = outage.probing ? endsAt : Math.min(probeAt, endsAt);
    await sleep(this.#surroundings, Math.min(next - now, LOOK_AGAIN_MS), signal);
  }

  #pass(request: object, probeOf: Outage | undefined): GatePass {
    const sentAt = this.#surroundings.monotonic();
    this.#rate.sent(sentAt);
    return {
      answered: () => {
        this.#rate.answered(sentAt, this.#surroundings.monotonic());
        this.#answers++;
        this.#answeredAt = this.#surroundings.wall();
        this.#heard.everAnswered = this.#heard.works = true;
        this.#failuresInRow = 0;
        this.#unreachableInRow = 0;
        this.#failing.clear();
        this.#outage = undefined;
      },
      throttled: (retryAfterMs) => {
        this.#rate.refused(sentAt, this.#surroundings.monotonic(), this.#slowDown(retryAfterMs));
        this.#failed(request, "overloaded", undefined, probeOf);
      },
      failed: (reason, failure) => {
        if (failure !== undefined && isTimeout(failure.answer)) {
          this.#rate.timedOut(sentAt, this.#surroundings.monotonic());
        }
        if (reason === "intercepted") this.#slowDown(failure?.retryAfterMs);
        this.#failed(request, reason, failure, probeOf);
      },
      abandoned: () => {
        if (probeOf === undefined) return;
        probeOf.probing = false;
      },
    };
  }

  /** Holds every attempt for so long. @returns how long it is believed, ms */
  #slowDown(retryAfterMs: number | undefined): number | undefined {
    if (retryAfterMs === undefined) return undefined;
    const ms = Math.min(retryAfterMs, this.#options.longestPauseMs);
    const now = this.#surroundings.wall();
    if (this.#pausedUntil <= now) this.#pauseBegan = now;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
    return ms;
  }

  #failed(
    request: object,
    reason: OutageReason,
    failure: ServiceFailure | undefined,
    probeOf: Outage | undefined,
  ): void {
    this.#failuresInRow++;
    this.#unreachableInRow = reason === "unreachable" ? this.#unreachableInRow + 1 : 0;
    if (this.#failing.size < DISTINCT_TO_TRIP) this.#failing.add(request);
    if (probeOf !== undefined) {
      probeOf.probing = false;
      probeOf.reason = reason;
      probeOf.failure = failure;
      probeOf.probeDelay = this.#nextProbeDelay(probeOf.probeDelay, reason);
      probeOf.nextProbeAt = this.#surroundings.wall() + probeOf.probeDelay;
    } else if (this.#outage === undefined && this.#looksGone(reason)) {
      const now = this.#surroundings.wall();
      const probeDelay = this.#options.firstProbeDelayMs;
      const nextProbeAt = now + probeDelay;
      this.#outage = { since: now, reason, failure, probing: false, probeDelay, nextProbeAt };
    }
  }

  /** A service that is there and asks to slow down says itself for how long: its probes do not get rarer. */
  #nextProbeDelay(last: number, reason: OutageReason): number {
    if (reason === "overloaded") return this.#options.firstProbeDelayMs;
    return Math.min(last * 2, this.#options.longestProbeDelayMs);
  }

  #looksGone(reason: OutageReason): boolean {
    if (reason === "sign-in" || reason === "clock") return true;
    if (reason === "intercepted" && this.#failuresInRow >= FAILURES_TO_TRIP_ALONE) return true;
    if (this.#unreachableInRow >= UNREACHABLE_TO_TRIP) return true;
    if (reason === "overloaded" && this.#surroundings.wall() - this.#answeredAt < ANSWERED_OF_LATE_MS)
      return false;
    if (this.#options.fewRequests === true) return this.#failuresInRow >= FAILURES_TO_TRIP_ALONE;
    return this.#failuresInRow >= FAILURES_TO_TRIP && this.#failing.size >= DISTINCT_TO_TRIP;
  }

  /** A sign-in that is lost on the way to one more service is lost in the middle of the run, all the same. */
  #longestWait(outage: Outage): number {
    const isSignedOut = outage.reason === "sign-in" && this.#options.signIn?.hasWorked === true;
    const hasBegun = isMidRun(outage, this.#heard) || isSignedOut;
    return hasBegun
      ? this.#options.maxWaitMs
      : Math.min(this.#options.maxWaitMs, this.#options.maxFirstWaitMs);
  }

  #signInAdvice(failure: ServiceFailure | undefined): string {
    return signInAdviceFor(failure, this.#options.signIn?.advice);
  }

  #outageError(outage: Outage): ReuploadError | ServiceFailure {
    const { reason, failure } = outage;
    if (!this.#options.essential && !this.#heard.everAnswered && reason !== "sign-in" && reason !== "clock") {
      if (reason === "intercepted" && failure !== undefined) return failure;
      return new ServiceFailure("connect", `the ${this.name} does not answer`, {});
    }
    const advice = this.#signInAdvice(outage.failure);
    return outageError(this.name, outage, this.#surroundings.wall(), advice, this.#heard.everAnswered);
  }
}
