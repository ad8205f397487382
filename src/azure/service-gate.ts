import { ReuploadError } from "../core/errors.ts";
import type { ServiceAnswer } from "../core/failure.ts";
import { pause } from "./pause.ts";
import { ServiceFailure } from "./service-error.ts";
import type { GateSignIn } from "./sign-in/sign-in.ts";
import { hintOf, SignInError } from "./sign-in/token-source.ts";

/** Failures in a row, without any answer between them, that make a service count as gone ... */
const FAILURES_TO_TRIP = 8;
/** ... when they are of this many requests at least: one bad blob must not stop the run. */
const DISTINCT_TO_TRIP = 3;
/** Failures to connect at all are the service's trouble, whichever request they meet. */
const UNREACHABLE_TO_TRIP = 3;
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
  /** The sign-in that its requests need; undefined when a key or a SAS signs them. */
  readonly signIn?: GateSignIn | undefined;
}

export const GATE_DEFAULTS: GateOptions = {
  maxWaitMs: 6 * 3_600_000,
  maxFirstWaitMs: 30_000,
  longestPauseMs: 5 * 60_000,
  firstProbeDelayMs: 1_000,
  longestProbeDelayMs: 15_000,
  essential: true,
};

/** `missing`: the container or the queue was there and is gone. */
export type OutageReason = "unreachable" | "overloaded" | "failing" | "forbidden" | "missing" | "sign-in";

const ADVICE: Readonly<Record<Exclude<OutageReason, "sign-in">, string>> = {
  unreachable: "it is asked again until it answers",
  overloaded: "it is asked again until it answers",
  failing: "it is asked again until it answers",
  forbidden: "give this sign-in its roles back",
  missing: "make its container and queue again",
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
  /** @param failure what the service said, or why there was no token */
  failed(reason: OutageReason, failure?: ServiceFailure): void;
  /** The attempt was given up by us. */
  abandoned(): void;
}

interface Outage {
  readonly since: number;
  reason: OutageReason;
  failure: ServiceFailure | undefined;
  probing: boolean;
  probeDelay: number;
  nextProbeAt: number;
}

/**
 * The gate of one service (the target account, its queue, a source account): every attempt passes it.
 *
 * `open`    attempts pass.
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

  constructor(name: string, options: GateOptions) {
    this.name = name;
    this.#options = options;
  }

  /** What is waited for, for the progress line; undefined while the gate is open. */
  get waiting(): GateWaiting | undefined {
    if (this.#outage !== undefined) {
      const { since, reason, failure } = this.#outage;
      if (reason !== "sign-in") return { what: this.name, since, advice: ADVICE[reason], throttled: false };
      const why = failure === undefined ? "" : ` (${failure.said})`;
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
      const now = Date.now();
      const outage = this.#outage;
      if (outage === undefined) {
        if (now >= this.#pausedUntil) return this.#pass(request, undefined);
        await pause(Math.min(this.#pausedUntil - now, LOOK_AGAIN_MS), signal);
        continue;
      }
      const probeAt = Math.max(outage.nextProbeAt, this.#pausedUntil);
      if (!outage.probing && now >= probeAt) {
        outage.probing = true;
        return this.#pass(request, outage);
      }
      const endsAt = outage.since + this.#longestWait(outage);
      if (now >= endsAt) throw this.#outageError(outage);
      const next = outage.probing ? endsAt : Math.min(probeAt, endsAt);
      await pause(Math.min(next - now, LOOK_AGAIN_MS), signal);
    }
  }

  #pass(request: object, probeOf: Outage | undefined): GatePass {
    return {
      answered: () => {
        this.#everAnswered = true;
        this.#failuresInRow = 0;
        this.#unreachableInRow = 0;
        this.#failing.clear();
        this.#outage = undefined;
      },
      throttled: (retryAfterMs) => {
        if (retryAfterMs !== undefined) this.#slowDown(retryAfterMs);
        this.#failed(request, "overloaded", undefined, probeOf);
      },
      failed: (reason, failure) => this.#failed(request, reason, failure, probeOf),
      abandoned: () => {
        if (probeOf === undefined) return;
        probeOf.probing = false;
      },
    };
  }

  #slowDown(ms: number): void {
    const until = Date.now() + Math.min(ms, this.#options.longestPauseMs);
    if (this.#pausedUntil <= Date.now()) this.#pauseBegan = Date.now();
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
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
    const { reason, since, failure } = outage;
    if (!this.#options.essential && !this.#everAnswered && reason !== "sign-in") {
      return new ServiceFailure("connect", `the ${this.name} does not answer`, {});
    }
    const minutes = Math.round((Date.now() - since) / 60_000);
    const waited = `(waited ${minutes < 1 ? "under a minute" : `${minutes} min`})`;
    switch (reason) {
      case "sign-in": {
        const why = failure === undefined ? "." : `: ${failure.said}`;
        return new ReuploadError("sign-in", `Nobody is signed in to reach the ${this.name} ${waited}${why}`, {
          advice: hintOf(this.#signInAdvice(failure)),
          cause: failure,
        });
      }
      case "forbidden":
        return new ReuploadError("permission", `The ${this.name} refuses every request ${waited}.`);
      case "missing":
        return new ReuploadError(
          "unavailable",
          `The ${this.name} has lost its container or queue ${waited}.`,
        );
      case "unreachable":
      case "overloaded":
      case "failing":
        return new ReuploadError("unavailable", `The ${this.name} does not answer ${waited}.`);
    }
  }
}
