import { classifyAnswer } from "../../core/failure.ts";
import type { Incident } from "../../core/incident.ts";
import { AttemptClock, type AttemptContext } from "./attempt-clock.ts";
import { sumFigures } from "./attempt-figures.ts";
import type { RequestBudget } from "./effort.ts";
import type { Hedging } from "./hedge.ts";
import { type ServiceFailure, toServiceFailure } from "../wire/service-error.ts";
import type { Gate, GatePass } from "../gate/gate.ts";
import { type Answer, type SecondRequest, Hedge } from "./twin.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";

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

/** What is known of a request before it is made. */
export interface RequestTraits {
  /** How long the service may work in silence beyond the idle time, when it moves bytes itself, ms. */
  readonly quietMs?: number;
  /**
   * It creates under a condition, so that only one of two equal requests takes effect: when it takes long, `request`
   * may be called a second time beside the first. Each ends when its pulse is ended, whatever it waits for.
   */
  readonly hedged?: boolean;
}

/** A wait at a gate of so long is kept in the history of its file, ms. */
const TOLD_WAIT_MS = 5_000;

interface Call<T> {
  readonly gate: Gate;
  readonly effort: RequestBudget;
  readonly operation: string;
  readonly request: (pulse: AttemptContext) => Promise<T>;
  readonly traits: RequestTraits;
}

/**
 * What follows a failed attempt. `free` is a try that is not charged; `patient` one whose number is not bounded, only the
 * time of the file.
 */
type Next = "give-up" | "again" | "patient" | "renewed" | "free";

/**
 * The one place that attempts: passes the service's gate, ends an attempt that hangs, tries again what may pass with
 * exponential backoff and full jitter, and lets the gate know how it went. While the gate is down nothing is charged.
 * What may safely be asked twice gets a second request beside a first one that takes long.
 */
export class Attempts {
  readonly policy: AttemptPolicy;
  readonly surroundings: Surroundings;
  readonly figures = sumFigures([]);
  readonly #hedging: Hedging | undefined;

  /** @param hedging without it, nothing is asked twice at once */
  constructor(surroundings: Surroundings, policy: AttemptPolicy, hedging?: Hedging) {
    this.surroundings = surroundings;
    this.policy = policy;
    this.#hedging = hedging;
  }

  /**
   * @param operation what is done, for messages: `put blob`
   * @param request makes one request; what it throws that is not the service's (a FileFailure) passes as it is
   * @throws ServiceFailure with the last answer and the number of attempts; ReuploadError when the service is gone for
   * too long; the signal's reason when the run is aborted, and that of the waits' signal (WaitGivenUp) when they end
   */
  async run<T>(
    gate: Gate,
    effort: RequestBudget,
    operation: string,
    request: (pulse: AttemptContext) => Promise<T>,
    traits: RequestTraits = {},
  ): Promise<T> {
    const call: Call<T> = { gate, effort, operation, request, traits };
    let renewed = false;
    let intercepted: ServiceFailure | undefined;
    for (let attempt = 1; ;) {
      const entering = gate.enter(effort, effort.waitSignal);
      const pass = entering instanceof Promise ? await this.#toldWait(gate, effort, entering) : entering;
      const clock = this.#startClock(call);
      const twin = traits.hedged === true ? this.#twinOf(call, clock) : undefined;
      try {
        effort.signal.throwIfAborted();
        const { waitSignal } = effort;
        const readying = gate.ready(waitSignal);
        if (readying !== undefined) await clock.hold(orReason(waitSignal, readying));
        twin?.begin();
        const result = await request(clock);
        clock.stop();
        effort.spend(clock.spentMs);
        pass.answered();
        const loser = twin?.answered();
        if (loser !== undefined) await loser;
        return result;
      } catch (thrown) {
        const failure = this.#toFailure(thrown, call, clock);
        const settled = this.#settle(gate, pass, failure, renewed);
        const next = typeof settled === "string" ? settled : await settled;
        const answer = await twin?.failed(failure !== undefined);
        clock.stop();
        if (next !== "free" || answer !== undefined) effort.spend(clock.spentMs);
        if (answer !== undefined) return answer.value;
        if (failure === undefined) throw effort.signal.aborted ? effort.signal.reason : thrown;
        failure.attempts = attempt;
        if (failure.answer.intercepted) intercepted = failure;
        if (next === "free") continue;
        // Its time ended in the middle of a request: that says nothing of what used it up.
        if (failure.answer.timedOut && effort.leftMs < 1 && intercepted !== undefined) throw intercepted;
        if (next === "give-up") throw failure;
        if (next !== "patient" && attempt >= this.policy.maxAttempts) throw failure;
        if (next === "renewed") renewed = true;
        attempt++;
        await this.#backOff(attempt, effort, failure);
      }
    }
  }

  /** A wait that is worth telling is told. */
  async #toldWait(gate: Gate, effort: RequestBudget, entering: Promise<GatePass>): Promise<GatePass> {
    const began = this.surroundings.monotonic();
    const pass = await entering;
    const waitedMs = this.surroundings.monotonic() - began;
    if (waitedMs >= TOLD_WAIT_MS) {
      effort.tell({
        at: this.surroundings.wall(),
        kind: "waited",
        what: gate.name,
        waitedMs: Math.round(waitedMs),
      });
    }
    return pass;
  }

  #startClock({ effort, operation, traits }: Call<unknown>): AttemptClock {
    return new AttemptClock(this.surroundings, effort, operation, this.policy.idleMs + (traits.quietMs ?? 0));
  }

  #twinOf<T>(call: Call<T>, first: AttemptClock): Hedge<T> | undefined {
    const kind = this.#hedging?.kind(call.gate, call.operation);
    return kind && new Hedge(kind, first, call.traits.quietMs ?? 0, () => this.#askAgain(call, first));
  }

  #askAgain<T>(call: Call<T>, first: AttemptClock): SecondRequest<T> | undefined {
    const pass = call.gate.enterAtOnce(call.effort);
    if (pass === undefined) return undefined;
    this.figures.hedges++;
    call.effort.tell({ at: this.surroundings.wall(), kind: "second-request", what: call.operation });
    const clock = this.#startClock(call);
    return { answer: this.#second(call, pass, clock, first), cut: () => clock.cut() };
  }

  /** Makes the second request; its success ends the first one. */
  async #second<T>(
    call: Call<T>,
    pass: GatePass,
    clock: AttemptClock,
    first: AttemptClock,
  ): Promise<Answer<T> | undefined> {
    try {
      const readying = call.gate.ready(clock.signal);
      if (readying !== undefined) await clock.hold(readying);
      const value = await call.request(clock);
      pass.answered();
      first.cut();
      return { value };
    } catch (thrown) {
      await this.#settle(call.gate, pass, this.#toFailure(thrown, call, clock), false);
      return undefined;
    } finally {
      clock.stop();
    }
  }

  /**
   * Tells the gate how the attempt went, and says what follows: later when the gate's judge is in another thread.
   *
   * @param failure undefined: the service has no part in it
   */
  #settle(
    gate: Gate,
    pass: GatePass,
    failure: ServiceFailure | undefined,
    renewed: boolean,
  ): Next | Promise<Next> {
    if (failure === undefined) {
      pass.abandoned();
      return "give-up";
    }
    switch (classifyAnswer(failure.answer)) {
      case "answer": {
        const outage = gate.outageIn(failure.answer);
        if (outage !== undefined) return whenJudged(gate, pass.failed(outage, failure), "give-up");
        pass.answered();
        return "give-up";
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
        return whenJudged(gate, pass.failed("sign-in", failure), "again");
      case "sign-in":
        return whenJudged(gate, pass.failed("sign-in", failure), "again");
      case "throttled":
        this.figures.throttles++;
        return whenJudged(gate, pass.throttled(failure.retryAfterMs), "again");
      case "unreachable":
        return whenJudged(gate, pass.failed("unreachable", failure), "again");
      case "intercepted":
        // It may stand in the way of one file alone: then the others are answered, and only its time bounds it.
        return whenJudged(gate, pass.failed("intercepted", failure), "patient");
      case "clock":
        return whenJudged(gate, pass.failed("clock", failure), "again");
      case "retry":
        return whenJudged(gate, pass.failed("failing", failure), "again");
    }
  }

  /** What ended the attempt, as the service's failure; undefined when we ended it ourselves or made it fail. */
  #toFailure(
    thrown: unknown,
    { effort, operation }: Call<unknown>,
    clock: AttemptClock,
  ): ServiceFailure | undefined {
    if (effort.signal.aborted || clock.wasCut) return undefined;
    return clock.timeout ?? toServiceFailure(thrown, operation, this.surroundings.wall());
  }

  /** Waits before attempt number `attempt`. @throws the failure of the one before, when no time is left for it */
  async #backOff(attempt: number, effort: RequestBudget, failure: ServiceFailure): Promise<void> {
    const ms = backoffMs(attempt, this.policy, this.surroundings.random());
    if (ms >= effort.leftMs) throw failure;
    effort.attempts = Math.max(effort.attempts, attempt);
    this.figures.retries++;
    effort.tell(repeated(failure, this.surroundings.wall(), ms));
    effort.spend(ms);
    await sleep(this.surroundings, ms, effort.waitSignal);
  }
}

/** What follows once the gate knows: a failure of a service that is gone is not charged. @param next what follows else */
function whenJudged(gate: Gate, judging: Promise<void> | undefined, next: Next): Next | Promise<Next> {
  const judged = (): Next => (gate.isDown ? "free" : next);
  return judging === undefined ? judged() : judging.then(judged);
}

/** A request that is made again. @param waitedMs before that */
function repeated({ operation, answer, requestId }: ServiceFailure, at: number, waitedMs: number): Incident {
  const { status, errorCode, systemCode, timedOut } = answer;
  const code = errorCode ?? systemCode ?? (timedOut === true ? "timeout" : undefined);
  return { at, kind: "repeated", what: operation, status, code, requestId, waitedMs: Math.round(waitedMs) };
}

/** Waits for what is made ready. @throws the signal's reason when that ended the wait */
async function orReason(signal: AbortSignal, readying: Promise<unknown>): Promise<void> {
  try {
    await readying;
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
}

/**
 * How long to wait before attempt number `attempt` (2 or more), ms: exponential with full jitter.
 *
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, policy: AttemptPolicy, random: number): number {
  return random * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 2));
}
