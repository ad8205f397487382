import { verdictOf } from "../core/failure.ts";
import { AttemptClock, type Pulse } from "./attempt-clock.ts";
import type { Effort } from "./effort.ts";
import { pause } from "./pause.ts";
import { type ServiceFailure, serviceFailureOf } from "./service-error.ts";
import type { GatePass, ServiceGate } from "./service-gate.ts";

export interface AttemptPolicy {
  readonly maxAttempts: number;
  /** Backoff before attempt n+1: random in [0, min(maxDelayMs, baseDelayMs * 2^(n-1))] (full jitter). */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** An attempt ends after this long without a byte, ms. */
  readonly idleMs: number;
}

export const ATTEMPT_DEFAULTS: AttemptPolicy = {
  maxAttempts: 8,
  baseDelayMs: 500,
  maxDelayMs: 60_000,
  idleMs: 30_000,
};

/** Counters that grow over the run, for the progress line. */
export interface AttemptFigures {
  retries: number;
  throttles: number;
}

/** What follows a failed attempt. `free` is a try that is not charged. */
type Next = "give-up" | "again" | "renewed" | "free";

/**
 * The one place that attempts: passes the service's gate, ends an attempt that hangs, tries again what may pass with
 * exponential backoff and full jitter, and lets the gate know how it went. While the gate is down nothing is charged.
 */
export class Attempts {
  readonly policy: AttemptPolicy;
  readonly figures: AttemptFigures = { retries: 0, throttles: 0 };

  constructor(policy: AttemptPolicy) {
    this.policy = policy;
  }

  /**
   * @param operation what is done, for messages: `put blob`
   * @param request makes one request; what it throws that is not the service's (a FileFailure) passes as it is
   * @param quietMs how long the service may work in silence beyond the idle time, when it moves bytes itself
   * @throws ServiceFailure with the last answer and the number of attempts; ReuploadError when the service is gone for
   * too long; the signal's reason when the run is aborted
   */
  async run<T>(
    gate: ServiceGate,
    effort: Effort,
    operation: string,
    request: (pulse: Pulse) => Promise<T>,
    quietMs = 0,
  ): Promise<T> {
    let renewed = false;
    for (let attempt = 1; ;) {
      const pass = await gate.enter(effort, effort.signal);
      const clock = new AttemptClock(effort, operation, this.policy.idleMs + quietMs);
      try {
        effort.signal.throwIfAborted();
        const readying = gate.ready(effort.signal);
        if (readying !== undefined) await clock.hold(readying);
        const result = await request(clock);
        clock.stop();
        effort.spend(clock.spentMs);
        pass.answered();
        return result;
      } catch (thrown) {
        clock.stop();
        const failure = clock.timeout ?? serviceFailureOf(thrown, operation);
        if (effort.signal.aborted || failure === undefined) {
          pass.abandoned();
          throw effort.signal.aborted ? effort.signal.reason : thrown;
        }
        failure.attempts = attempt;
        const next = this.#settle(gate, pass, failure, renewed);
        if (next === "free") continue;
        effort.spend(clock.spentMs);
        if (next === "give-up" || attempt >= this.policy.maxAttempts) throw failure;
        if (next === "renewed") renewed = true;
        attempt++;
        await this.#backOff(attempt, effort, failure);
      }
    }
  }

  /** Tells the gate how the attempt went, and says what follows. */
  #settle(gate: ServiceGate, pass: GatePass, failure: ServiceFailure, renewed: boolean): Next {
    switch (verdictOf(failure.answer)) {
      case "answer": {
        const outage = gate.outageIn(failure.answer);
        if (outage === undefined) pass.answered();
        else pass.failed(outage);
        return outage !== undefined && gate.isDown ? "free" : "give-up";
      }
      case "renew":
        if (!renewed) {
          pass.abandoned();
          return "renewed";
        }
        if (!gate.isEssential) {
          pass.answered();
          return "give-up";
        }
        pass.failed("sign-in", failure);
        break;
      case "sign-in":
        pass.failed("sign-in", failure);
        break;
      case "throttled":
        this.figures.throttles++;
        pass.throttled(failure.retryAfterMs);
        break;
      case "unreachable":
        pass.failed("unreachable");
        break;
      case "retry":
        pass.failed("failing", failure);
        break;
    }
    return gate.isDown ? "free" : "again";
  }

  /** Waits before attempt number `attempt`. @throws the failure of the one before, when no time is left for it */
  async #backOff(attempt: number, effort: Effort, failure: ServiceFailure): Promise<void> {
    const ms = backoffMs(attempt, this.policy);
    if (ms >= effort.leftMs) throw failure;
    effort.attempts = Math.max(effort.attempts, attempt);
    this.figures.retries++;
    effort.spend(ms);
    await pause(ms, effort.signal);
  }
}

/** How long to wait before attempt number `attempt` (2 or more), ms: exponential with full jitter. */
export function backoffMs(attempt: number, policy: AttemptPolicy): number {
  return Math.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 2));
}
