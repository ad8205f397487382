import type { ReuploadError } from "../core/errors.ts";
import type { ServiceAnswer } from "../core/failure.ts";
import type { RequestBrake } from "./brake.ts";
import { REAL_CLOCK } from "./clock.ts";
import { LearnedRate, type OnRateChange } from "./learned-rate.ts";
import { isTimeout, type Outage, OUTAGE_ADVICE, outageError, type OutageReason } from "./outage.ts";
import { Pacer } from "./pacer.ts";
import { pause } from "./pause.ts";
import { ServiceFailure } from "./service-error.ts";
import type { GateSignIn } from "./sign-in/sign-in.ts";
import { SignInError } from "./sign-in/token-source.ts";

/** Failures in a row, without any answer between them, that make a service count as gone ... */
const FAILURES_TO_TRIP = 8;
/** ... when they are of this many requests at least: one bad blob must not stop the run. */
const DISTINCT_TO_TRIP = 3;
/** The same for a service that is asked by few requests at once, each of many things: one alone tells, and sooner. */
const FAILURES_TO_TRIP_ALONE = 4;
/** Failures to connect at all are the service's trouble, whichever request they meet. */
const UNREACHABLE_TO_TRIP = 3;
/** A service that answered others so short a time ago is not gone, however many it refuses for load, ms. */
const ANSWERED_OF_LATE_MS = 1_000;
/** How often a waiting request looks at the gate again. */
const LOOK_AGAIN_MS = 250;

export interface GateOptions {
  /** How long an outage is sat out (`--max-wait`), ms. */
  readonly maxWaitMs: number;
  /** The same for a service that never answered in this run, ms. */
  readonly maxFirstWaitMs: number;
  /** The longest Retry-After that is believed, ms. */
  readonly longestPauseMs: number;
  readonly firstProbeDelayMs: number;
  readonly longestProbeDelayMs: number;
  /**
   * The run cannot go on without this service (the target, its queue). One that it can go on without (a source
   * account) refuses by link, so that a 403 is the link's; and while it never answered, the outage is charged to the
   * requests: a link to a host that does not exist must not stop the run.
   */
  readonly essential: boolean;
  /** Its requests are few and large (queries), so that the failures of one in a row are the service's. */
  readonly fewRequests?: boolean;
  /** The sign-in that its requests need; undefined when a key or a SAS signs them. */
  readonly signIn?: GateSignIn | undefined;
  /** What the operator allows; passed one after the other before each attempt. */
  readonly brakes?: readonly RequestBrake[];
  /** Told when the rate that the service takes is learned anew. */
  readonly onRateChange?: OnRateChange;
}

export const GATE_DEFAULTS: GateOptions = {
  maxWaitMs: 6 * 3_600_000,
  maxFirstWaitMs: 30_000,
  longestPauseMs: 5 * 60_000,
  firstProbeDelayMs: 1_000,
  longestProbeDelayMs: 15_000,
  essential: true,
};

/** Only a key or a SAS can be refused without a sign-in that knows better. */
const NO_SIGN_IN_ADVICE = "check the account's key or SAS";

/** Answers that say that nothing in the service can be used, not just one blob. */
const GONE_CODES = new Set([
  "ContainerNotFound",
  "ContainerBeingDeleted",
  "QueueNotFound",
  "QueueBeingDeleted",
]);

export interface GateWaiting {
  readonly what: string;
  /** ms since the epoch. */
  readonly since: number;
  readonly advice: string;
  readonly throttled: boolean;
}

/** The right to make one attempt; exactly one of these is called when it ended. */
export interface GatePass {
  /** The service answered, if only with "no": it is there. */
  answered(): void;
  throttled(retryAfterMs: number | undefined): void;
  /** @param failure what the service said, that nothing came in time, or why there was no token */
  failed(reason: OutageReason, failure?: ServiceFailure): void;
  /** The attempt was given up by us. */
  abandoned(): void;
}

/**
 * The gate of one service (the target account, its queue, a source account): every attempt passes it.
 *
 * `open`    attempts pass, at the rate that the service was found to take (`LearnedRate`) and as the brakes let them.
 * `paused`  entered when the service asks to slow down; holds every attempt until the latest time it named; left by
 *           time alone.
 * `down`    entered when the service as a whole seems gone: several attempts in a row failed, of several requests
 *           unless there was no connection at all, and none succeeded. One attempt at a time passes, as a probe, ever
 *           more rarely; nothing is charged to the requests that wait. Left when a probe gets any answer; after the
 *           longest wait the waiting requests get the outage as their error.
 */
export class ServiceGate {
  readonly name: string;
  readonly #options: GateOptions;
  #pausedUntil = 0;
  #outage: Outage | undefined;
  #failuresInRow = 0;
  #unreachableInRow = 0;
  #failing = new Set<object>();
  #everAnswered = false;
  #pauseBegan = 0;
  #answeredAt = 0;
  #answers = 0;
  readonly #rate: LearnedRate;
  readonly #pacer: Pacer;

  constructor(name: string, options: GateOptions) {
    this.name = name;
    this.#options = options;
    this.#rate = new LearnedRate(REAL_CLOCK.now(), options.onRateChange);
    this.#pacer = new Pacer((now) => this.#rate.at(now), REAL_CLOCK);
  }

  /** Attempts that the service answered, and how long attempts were held to its rate, all together, ms; they only grow. */
  get load(): { readonly answers: number; readonly heldMs: number } {
    return { answers: this.#answers, heldMs: this.#pacer.heldMs };
  }

  /** What is waited for, for the progress line; undefined while the gate is open. */
  get waiting(): GateWaiting | undefined {
    if (this.#outage !== undefined) {
      const { since, reason, failure } = this.#outage;
      const why = failure === undefined ? "" : ` (${failure.said})`;
      if (reason !== "sign-in")
        return { what: this.name, since, advice: `${OUTAGE_ADVICE[reason]}${why}`, throttled: false };
      return { what: "sign-in", since, advice: `${this.#signInAdvice(failure)}${why}`, throttled: false };
    }
    if (this.#pausedUntil > Date.now()) {
      return { what: this.name, since: this.#pauseBegan, advice: "it asked to slow down", throttled: true };
    }
    return undefined;
  }

  /** The run cannot go on without this service. */
  get isEssential(): boolean {
    return this.#options.essential;
  }

  /** What an attempt needs before its clocks run: a token. undefined when it is at hand. @throws SignInError */
  ready(signal: AbortSignal): Promise<unknown> | undefined {
    // A source may be read without a token: which of its requests need one, they say themselves.
    return this.#options.essential ? this.#options.signIn?.ready(signal) : undefined;
  }

  /** What is wrong with the service as a whole by this "no"; undefined when it is about one blob. */
  outageIn(answer: ServiceAnswer): OutageReason | undefined {
    if (!this.#options.essential) return undefined;
    if (GONE_CODES.has(answer.errorCode ?? "")) return "missing";
    return answer.status === 403 && answer.errorCode !== "CannotVerifyCopySource" ? "forbidden" : undefined;
  }

  get isDown(): boolean {
    return this.#outage !== undefined;
  }

  /**
   * Waits until an attempt may start. The pass must be given back by one of its methods.
   *
   * @param request identity of the request, the same for all its attempts
   * @throws ReuploadError `unavailable`, `sign-in` or `permission` when the outage lasts too long (ServiceFailure for
   * a source that never answered); the signal's reason
   */
  async enter(request: object, signal: AbortSignal): Promise<GatePass> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#outage !== undefined) {
        if (this.#mayProbe(this.#outage)) return this.#pass(request, this.#outage);
        await this.#untilProbe(this.#outage, signal);
      } else if (!this.#isOpen) {
        await pause(Math.min(this.#pausedUntil - Date.now(), LOOK_AGAIN_MS), signal);
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

  /**
   * A pass for a request that need not be made: undefined unless the gate is open and neither the service's rate nor a
   * brake holds requests back.
   *
   * @param request as for `enter`
   */
  enterAtOnce(request: object): GatePass | undefined {
    const { brakes = [] } = this.#options;
    const mayPass = this.#isOpen && this.#pacer.passAtOnce(1) && brakes.every((brake) => brake.passAtOnce());
    return mayPass ? this.#pass(request, undefined) : undefined;
  }

  get #isOpen(): boolean {
    return this.#outage === undefined && Date.now() >= this.#pausedUntil;
  }

  /** Takes the turn to probe, when it is free and the time has come. */
  #mayProbe(outage: Outage): boolean {
    if (outage.probing || Date.now() < Math.max(outage.nextProbeAt, this.#pausedUntil)) return false;
    outage.probing = true;
    return true;
  }

  async #untilProbe(outage: Outage, signal: AbortSignal): Promise<void> {
    const now = Date.now();
    const endsAt = outage.since + this.#longestWait(outage);
    if (now >= endsAt) throw this.#outageError(outage);
    const probeAt = Math.max(outage.nextProbeAt, this.#pausedUntil);
    const next = outage.probing ? endsAt : Math.min(probeAt, endsAt);
    await pause(Math.min(next - now, LOOK_AGAIN_MS), signal);
  }

  #pass(request: object, probeOf: Outage | undefined): GatePass {
    const sentAt = REAL_CLOCK.now();
    this.#rate.sent(sentAt);
    return {
      answered: () => {
        this.#rate.answered(sentAt, REAL_CLOCK.now());
        this.#answers++;
        this.#answeredAt = Date.now();
        this.#everAnswered = true;
        this.#failuresInRow = 0;
        this.#unreachableInRow = 0;
        this.#failing.clear();
        this.#outage = undefined;
      },
      throttled: (retryAfterMs) => {
        this.#rate.refused(sentAt, REAL_CLOCK.now(), this.#slowDown(retryAfterMs));
        this.#failed(request, "overloaded", undefined, probeOf);
      },
      failed: (reason, failure) => {
        if (failure !== undefined && isTimeout(failure.answer)) {
          this.#rate.timedOut(sentAt, REAL_CLOCK.now());
        }
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
    const now = Date.now();
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
      probeOf.nextProbeAt = Date.now() + probeOf.probeDelay;
    } else if (this.#outage === undefined && this.#looksGone(reason)) {
      const now = Date.now();
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
    if (reason === "sign-in") return true;
    if (this.#unreachableInRow >= UNREACHABLE_TO_TRIP) return true;
    if (reason === "overloaded" && Date.now() - this.#answeredAt < ANSWERED_OF_LATE_MS) return false;
    if (this.#options.fewRequests === true) return this.#failuresInRow >= FAILURES_TO_TRIP_ALONE;
    return this.#failuresInRow >= FAILURES_TO_TRIP && this.#failing.size >= DISTINCT_TO_TRIP;
  }

  /** A sign-in that is lost on the way to one more service is lost in the middle of the run, all the same. */
  #longestWait({ reason }: Outage): number {
    const hasBegun = this.#everAnswered || (reason === "sign-in" && this.#options.signIn?.hasWorked === true);
    return hasBegun
      ? this.#options.maxWaitMs
      : Math.min(this.#options.maxWaitMs, this.#options.maxFirstWaitMs);
  }

  #signInAdvice(failure: ServiceFailure | undefined): string {
    const { cause } = failure ?? {};
    return cause instanceof SignInError ? cause.advice : (this.#options.signIn?.advice ?? NO_SIGN_IN_ADVICE);
  }

  #outageError(outage: Outage): ReuploadError | ServiceFailure {
    if (!this.#options.essential && !this.#everAnswered && outage.reason !== "sign-in") {
      return new ServiceFailure("connect", `the ${this.name} does not answer`, {});
    }
    return outageError(this.name, outage, this.#signInAdvice(outage.failure));
  }
}
