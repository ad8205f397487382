import { setTimeout as sleep } from "node:timers/promises";
import { verdictOf } from "../core/failure.ts";
import { ServiceFailure, serviceFailureOf } from "./service-error.ts";
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

/**
 * What one file may cost: its time over all its requests, attempts and backoffs (waiting at a gate is free), and how
 * often its most tried request was tried.
 */
export class Effort {
  readonly signal: AbortSignal;
  attempts = 1;
  #leftMs: number;

  constructor(signal: AbortSignal, limitMs: number) {
    this.signal = signal;
    this.#leftMs = limitMs;
  }

  get leftMs(): number {
    return this.#leftMs;
  }

  /** More time, when the file turns out to be larger than thought. */
  extend(ms: number): void {
    this.#leftMs += ms;
  }

  spend(ms: number): void {
    this.#leftMs -= ms;
  }
}

/** The deadline of a file, ms: 10 minutes and 1 s a MiB. */
export function fileDeadlineMs(bytes: number): number {
  return 600_000 + (bytes / 2 ** 20) * 1000;
}

/** Given to the attempt: its signal, and the pulse that shows that bytes still flow. */
export interface Pulse {
  readonly signal: AbortSignal;
  /** Call for every sign of life; the idle clock starts anew. */
  readonly alive: () => void;
  /** Waits for something of our own (a free buffer) with the idle clock stopped. */
  hold<T>(wait: Promise<T>): Promise<T>;
}

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
   * @throws ServiceFailure with the last answer and the number of attempts; ReuploadError when the service is gone for
   * too long; the signal's reason when the run is aborted
   */
  async run<T>(
    gate: ServiceGate,
    effort: Effort,
    operation: string,
    request: (pulse: Pulse) => Promise<T>,
  ): Promise<T> {
    let renewed = false;
    for (let attempt = 1; ;) {
      const pass = await gate.enter(effort, effort.signal);
      try {
        const result = await this.#once(effort, operation, request);
        pass.answered();
        return result;
      } catch (thrown) {
        if (effort.signal.aborted) {
          pass.abandoned();
          throw effort.signal.reason;
        }
        const failure = serviceFailureOf(thrown, operation);
        failure.attempts = attempt;
        const next = this.#settle(gate, pass, failure, renewed);
        if (next === "give-up") throw failure;
        if (next === "renewed") renewed = true;
        if (next === "free") continue;
        if (attempt >= this.policy.maxAttempts || effort.leftMs <= 0) throw failure;
        attempt++;
        effort.attempts = Math.max(effort.attempts, attempt);
        this.figures.retries++;
        await this.#backOff(attempt, effort);
      }
    }
  }

  /** Tells the gate, and says what follows: `free` is a try that is not charged. */
  #settle(
    gate: ServiceGate,
    pass: GatePass,
    failure: ServiceFailure,
    renewed: boolean,
  ): "give-up" | "again" | "renewed" | "free" {
    switch (verdictOf(failure.answer)) {
      case "answer":
        if (!gate.isForbidden(failure.answer)) {
          pass.answered();
          return "give-up";
        }
        pass.failed("forbidden");
        return gate.isDown ? "free" : "give-up";
      case "renew":
        if (!renewed) {
          pass.abandoned();
          return "renewed";
        }
        pass.failed("sign-in");
        return "free";
      case "sign-in":
        pass.failed("sign-in");
        return "free";
      case "throttled":
        this.figures.throttles++;
        pass.throttled(failure.retryAfterMs);
        break;
      case "unreachable":
        pass.failed("unreachable");
        break;
      case "retry":
        pass.failed("failing");
        break;
    }
    return gate.isDown ? "free" : "again";
  }

  async #once<T>(effort: Effort, operation: string, request: (pulse: Pulse) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort(effort.signal.reason);
    effort.signal.addEventListener("abort", abort, { once: true });
    const began = performance.now();
    let held = 0;
    const { idleMs } = this.policy;
    const end = (why: string) => controller.abort(timeoutFailure(operation, why));
    const startIdle = () => setTimeout(end, idleMs, `no byte for ${idleMs / 1000} s`);
    let idle = startIdle();
    const deadline = setTimeout(end, Math.max(1, effort.leftMs), "the file's time is used up");
    const pulse: Pulse = {
      signal: controller.signal,
      alive: () => void idle.refresh(),
      hold: async (wait) => {
        const from = performance.now();
        clearTimeout(idle);
        try {
          return await wait;
        } finally {
          held += performance.now() - from;
          idle = startIdle();
        }
      },
    };
    try {
      return await request(pulse);
    } catch (thrown) {
      const reason: unknown = controller.signal.reason;
      throw reason instanceof ServiceFailure ? reason : thrown;
    } finally {
      clearTimeout(idle);
      clearTimeout(deadline);
      effort.signal.removeEventListener("abort", abort);
      effort.spend(performance.now() - began - held);
    }
  }

  async #backOff(attempt: number, effort: Effort): Promise<void> {
    const { baseDelayMs, maxDelayMs } = this.policy;
    const ms = Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 2));
    effort.spend(ms);
    await sleep(ms, undefined, { signal: effort.signal });
  }
}

function timeoutFailure(operation: string, why: string): ServiceFailure {
  return new ServiceFailure(operation, `timed out, ${why}`, { timedOut: true });
}
