import type { ReuploadError } from "../../core/errors.ts";
import type { ServiceAnswer } from "../../core/failure.ts";
import type { Gate, GatePass } from "./gate.ts";
import type { GateOptions } from "./gate-options.ts";
import { passAll, type RequestBrake, requestBrake } from "./brake.ts";
import { Judge } from "./judge.ts";
import { type Judging, ServicePass } from "./service-pass.ts";
import { SharedJudge } from "./shared-judge.ts";
import type { HedgeBudget } from "../attempts/hedge-budget.ts";
import {
  type GateWaiting,
  isMidRun,
  type Outage,
  outageError,
  outageInAnswer,
  outageWaiting,
  type OutageReason,
  signInAdviceFor,
} from "./outage.ts";
import { Pacer } from "./pacer.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";

export { GATE_DEFAULTS, type GateOptions } from "./gate-options.ts";
export type { GateWaiting } from "./outage.ts";

/** How often a waiting request looks at the gate again. */
const LOOK_AGAIN_MS = 250;

/** What a thread tells of an attempt that went wrong. */
export type FailedPass = Pick<GatePass, "throttled" | "failed">;

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
  readonly #judge: Judge;
  readonly #judging: Judging;
  readonly #pacer: Pacer;
  /** The service's rate, then the operator's brakes. */
  readonly #turns: readonly RequestBrake[];

  constructor(surroundings: Surroundings, name: string, options: GateOptions) {
    this.#surroundings = surroundings;
    this.name = name;
    this.#options = options;
    this.#judge = new Judge(surroundings, options);
    this.#judging = { surroundings, judge: this.#judge, shared: undefined };
    this.#pacer = new Pacer(surroundings, (now) => this.#judge.rateAt(now));
    this.#turns = [requestBrake(this.#pacer), ...(options.brakes ?? [])];
  }

  /** Attempts that the service answered, and how long attempts were held to its rate, all together, ms; they only grow. */
  get load(): { readonly answers: number; readonly heldMs: number } {
    return { answers: this.#judge.answers, heldMs: this.#pacer.heldMs };
  }

  /** What is waited for, for the progress line; undefined while the gate is open. */
  get waiting(): GateWaiting | undefined {
    const { outage, isOpen, pauseBegan } = this.#judge;
    if (outage !== undefined) return outageWaiting(this.name, outage, this.#signInAdvice(outage.failure));
    if (isOpen) return undefined;
    return { what: this.name, since: pauseBegan, advice: "it asked to slow down", throttled: true };
  }

  /** From now on other threads keep to what is found here, and count what they do. Once. */
  share(): SharedJudge {
    const shared = new SharedJudge(this.#surroundings, this.#judge);
    this.#judging.shared = shared;
    this.#pacer.share(shared.memory.bucket);
    return shared;
  }

  get hedges(): HedgeBudget | undefined {
    return this.#judging.shared?.memory.hedges;
  }

  /**
   * Another thread's attempt went wrong.
   *
   * @param request identity of the request, the same for all its attempts
   * @param sentAt monotonic ms
   * @param answered the shared count of answers when that happened
   * @param how as a pass is told
   */
  told(request: string, sentAt: number, answered: number, how: (pass: FailedPass) => void): void {
    how(new ServicePass(this.#judging, { request, sentAt, answeredElsewhere: answered }));
  }

  /** From now on the service is asked for the work itself; answers until then say only that it is there. */
  beginWork(): void {
    this.#judge.beginWork();
  }

  get isEssential(): boolean {
    return this.#options.essential;
  }

  ready(signal: AbortSignal): Promise<unknown> | undefined {
    // A source may be read without a token: which of its requests need one, they say themselves.
    return this.#options.essential ? this.#options.signIn?.ready(signal) : undefined;
  }

  outageIn(answer: ServiceAnswer): OutageReason | undefined {
    return this.#options.essential ? outageInAnswer(answer) : undefined;
  }

  /** The longest Retry-After that is believed, ms. */
  get longestPauseMs(): number {
    return this.#options.longestPauseMs;
  }

  get isDown(): boolean {
    return this.#judge.outage !== undefined;
  }

  enter(request: object | string, signal: AbortSignal): GatePass | Promise<GatePass> {
    if (signal.aborted || !this.#judge.isOpen) return this.#waitToEnter(request, signal);
    const held = passAll(this.#turns, signal, this.#isOpen);
    if (held !== undefined) return this.#enterAfter(held, request, signal);
    return this.#judge.isOpen ? this.#pass(request, undefined) : this.#waitToEnter(request, signal);
  }

  /** Whoever waited looks at the gate again: what comes after a pause is to go at the service's rate, too. */
  async #enterAfter(turn: Promise<void>, request: object | string, signal: AbortSignal): Promise<GatePass> {
    await turn;
    return this.#judge.isOpen ? this.#pass(request, undefined) : this.#waitToEnter(request, signal);
  }

  async #waitToEnter(request: object | string, signal: AbortSignal): Promise<GatePass> {
    for (;;) {
      signal.throwIfAborted();
      const { outage } = this.#judge;
      if (outage !== undefined) {
        const probed = this.#judge.takeProbe();
        if (probed !== undefined) return this.#pass(request, probed);
        await this.#untilProbe(outage, signal);
      } else if (!this.#judge.isOpen) {
        const leftMs = this.#judge.pausedUntil - this.#surroundings.monotonic();
        await sleep(this.#surroundings, Math.min(leftMs, LOOK_AGAIN_MS), signal);
      } else {
        await passAll(this.#turns, signal, this.#isOpen);
        if (this.#judge.isOpen) return this.#pass(request, undefined);
      }
    }
  }

  readonly #isOpen = (): boolean => this.#judge.isOpen;

  enterAtOnce(request: object): GatePass | undefined {
    const mayPass = this.#judge.isOpen && this.#turns.every((turn) => turn.passAtOnce());
    return mayPass ? this.#pass(request, undefined) : undefined;
  }

  async #untilProbe(outage: Outage, signal: AbortSignal): Promise<void> {
    const now = this.#surroundings.monotonic();
    const endsAt = outage.since.monotonic + this.#longestWait(outage);
    if (now >= endsAt) throw this.#outageError(outage);
    const probeAt = Math.max(outage.nextProbeAt, this.#judge.pausedUntil);
    const next = outage.probing ? endsAt : Math.min(probeAt, endsAt);
    await sleep(this.#surroundings, Math.min(next - now, LOOK_AGAIN_MS), signal);
  }

  #pass(request: object | string, probeOf: Outage | undefined): GatePass {
    const sentAt = this.#surroundings.monotonic();
    this.#judge.sent(sentAt);
    return new ServicePass(this.#judging, { request, sentAt, probeOf });
  }

  /** A sign-in that is lost on the way to one more service is lost in the middle of the run, all the same. */
  #longestWait(outage: Outage): number {
    const isSignedOut = outage.reason === "sign-in" && this.#options.signIn?.hasWorked === true;
    const hasBegun = isMidRun(outage, this.#judge.heard) || isSignedOut;
    return hasBegun
      ? this.#options.maxWaitMs
      : Math.min(this.#options.maxWaitMs, this.#options.maxFirstWaitMs);
  }

  #signInAdvice(failure: ServiceFailure | undefined): string {
    return signInAdviceFor(failure, this.#options.signIn?.advice);
  }

  #outageError(outage: Outage): ReuploadError | ServiceFailure {
    const { reason, failure } = outage;
    if (
      !this.#options.essential &&
      !this.#judge.heard.everAnswered &&
      reason !== "sign-in" &&
      reason !== "clock"
    ) {
      if (reason === "intercepted" && failure !== undefined) return failure;
      return new ServiceFailure("connect", `the ${this.name} does not answer`, {});
    }
    const advice = this.#signInAdvice(outage.failure);
    return outageError(
      this.name,
      outage,
      this.#surroundings.monotonic(),
      advice,
      this.#judge.heard.everAnswered,
    );
  }
}
