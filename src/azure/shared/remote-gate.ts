import type { ServiceAnswer } from "../../core/failure.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";
import type { HedgeBudget } from "../attempts/hedge-budget.ts";
import { passAll, type RequestBrake, requestBrake } from "../gate/brake.ts";
import type { Gate, GatePass } from "../gate/gate.ts";
import { GateMemory } from "../gate/gate-memory.ts";
import { isToldByOne } from "../gate/judge.ts";
import { type OutageReason, outageInAnswer } from "../gate/outage.ts";
import { Pacer } from "../gate/pacer.ts";
import type { GateSignIn } from "../sign-in/sign-in.ts";
import type { ServiceFailure } from "../wire/service-error.ts";
import { failureToData } from "./error-data.ts";
import type { MainPort } from "./main-port.ts";
import type { GateFacts, Outcome } from "./messages.ts";

/** How often a waiting request looks at the gate again, ms. */
const LOOK_AGAIN_MS = 250;

type Failed = Extract<Outcome, { readonly kind: "throttled" | "failed" }>;

/** What all gates of a thread have in common. */
export interface RemoteGateTools {
  readonly surroundings: Surroundings;
  readonly port: MainPort;
  readonly signIn: GateSignIn | undefined;
  readonly brakes: readonly RequestBrake[];
  /** The number of a request, the same for all its attempts. */
  readonly numberOf: (request: object) => number;
}

/**
 * The gate of a service in a thread that does not judge. What the judge has found it reads from shared memory:
 *
 * `open`    attempts pass, at the rate that all threads share, without a message; what was answered is counted.
 * `paused`  a thread that is asked to slow down writes the pause itself, so that it holds all threads at once.
 * `down`    the judge is asked for each attempt, which answers when its turn to probe has come, or when the service is
 *           there again.
 *
 * What goes wrong is told to the judge at once.
 */
export class RemoteGate implements Gate {
  readonly name: string;
  readonly isEssential: boolean;
  readonly memory: GateMemory;
  readonly pacer: Pacer;
  readonly #tools: RemoteGateTools;
  readonly #facts: GateFacts;
  /** The service's rate, then the operator's brakes. */
  readonly #turns: readonly RequestBrake[];

  constructor(tools: RemoteGateTools, facts: GateFacts) {
    this.#tools = tools;
    this.#facts = facts;
    this.name = facts.name;
    this.isEssential = facts.isEssential;
    const memory = new GateMemory(facts.memory);
    this.memory = memory;
    this.pacer = new Pacer(tools.surroundings, () => memory.bucket.rate, memory.bucket);
    this.#turns = [requestBrake(this.pacer), ...tools.brakes];
  }

  get isDown(): boolean {
    return this.memory.isDown;
  }

  get hedges(): HedgeBudget {
    return this.memory.hedges;
  }

  ready(signal: AbortSignal): Promise<unknown> | undefined {
    return this.isEssential ? this.#tools.signIn?.ready(signal) : undefined;
  }

  outageIn(answer: ServiceAnswer): OutageReason | undefined {
    return this.isEssential ? outageInAnswer(answer) : undefined;
  }

  enter(request: object, signal: AbortSignal): GatePass | Promise<GatePass> {
    if (signal.aborted || !this.#isOpen()) return this.#waitToEnter(request, signal);
    const held = passAll(this.#turns, signal, this.#isOpen);
    if (held !== undefined) return this.#enterAfter(held, request, signal);
    return this.#isOpen() ? this.#pass(request) : this.#waitToEnter(request, signal);
  }

  async #enterAfter(turn: Promise<void>, request: object, signal: AbortSignal): Promise<GatePass> {
    await turn;
    return this.#isOpen() ? this.#pass(request) : this.#waitToEnter(request, signal);
  }

  async #waitToEnter(request: object, signal: AbortSignal): Promise<GatePass> {
    const { surroundings } = this.#tools;
    for (;;) {
      signal.throwIfAborted();
      if (this.memory.isDown) return this.#enterByJudge(request, signal);
      const leftMs = this.memory.pausedUntil - surroundings.monotonic();
      if (leftMs > 0) {
        await sleep(surroundings, Math.min(leftMs, LOOK_AGAIN_MS), signal);
      } else {
        await passAll(this.#turns, signal, this.#isOpen);
        if (this.#isOpen()) return this.#pass(request);
      }
    }
  }

  enterAtOnce(request: object): GatePass | undefined {
    const mayPass = this.#isOpen() && this.#turns.every((turn) => turn.passAtOnce());
    return mayPass ? this.#pass(request) : undefined;
  }

  readonly #isOpen = (): boolean =>
    !this.memory.isDown && this.#tools.surroundings.monotonic() >= this.memory.pausedUntil;

  async #enterByJudge(request: object, signal: AbortSignal): Promise<GatePass> {
    const { port, numberOf } = this.#tools;
    const { call } = await port.ask(
      { what: "enter", gate: this.#facts.id, request: numberOf(request) },
      signal,
    );
    const tell = async (outcome: Outcome): Promise<void> =>
      unlessClosed(port.ask({ what: "passed", enter: call, outcome }));
    return {
      answered: () => void tell({ kind: "answered" }),
      throttled: async (retryAfterMs) => tell(this.#throttled(retryAfterMs)),
      failed: async (reason, failure) => tell(this.#failed(reason, failure)),
      abandoned: () => void tell({ kind: "abandoned" }),
    };
  }

  #pass(request: object): GatePass {
    const { surroundings } = this.#tools;
    const sentAt = surroundings.monotonic();
    this.memory.countSent();
    return {
      answered: () => this.memory.countAnswered(surroundings.monotonic() - sentAt),
      throttled: async (retryAfterMs) => this.#tell(request, sentAt, this.#throttled(retryAfterMs)),
      failed: async (reason, failure) => this.#tell(request, sentAt, this.#failed(reason, failure)),
      abandoned: () => {},
    };
  }

  async #tell(request: object, sentAt: number, outcome: Failed): Promise<void> {
    const { port, numberOf } = this.#tools;
    const { answered } = this.memory.counts;
    const told = { gate: this.#facts.id, request: numberOf(request), sentAt, answered, outcome };
    await unlessClosed(port.ask({ what: "told", ...told }));
  }

  /** All threads are held from now on: the judge may be busy. */
  #throttled(retryAfterMs: number | undefined): Failed {
    this.#pause(retryAfterMs);
    return { kind: "throttled", retryAfterMs };
  }

  /** What one failure shows is known without the judge. */
  #failed(reason: OutageReason, failure: ServiceFailure | undefined): Failed {
    if (isToldByOne(reason)) this.memory.isDown = true;
    if (reason === "intercepted") this.#pause(failure?.retryAfterMs);
    return { kind: "failed", reason, failure: failure && failureToData(failure) };
  }

  #pause(ms: number | undefined): void {
    if (ms === undefined) return;
    const now = this.#tools.surroundings.monotonic();
    this.memory.pauseUntil(now + Math.min(ms, this.#facts.longestPauseMs));
  }
}

/** Nobody judges any more when the run has ended. */
async function unlessClosed(judging: Promise<unknown>): Promise<void> {
  await judging.catch(() => {});
}

/** The gate of a source account, which the main thread opens at the first request. */
export class RemoteSourceGate implements Gate {
  readonly name: string;
  readonly isEssential = false;
  readonly #opening: Promise<RemoteGate>;
  #gate: RemoteGate | undefined;

  /** @param opening @param name until then */
  constructor(opening: Promise<RemoteGate>, name: string) {
    this.name = name;
    this.#opening = opening;
    opening.then(
      (gate) => void (this.#gate = gate),
      // Who enters gets the error.
      () => {},
    );
  }

  get isDown(): boolean {
    return this.#gate?.isDown === true;
  }

  get hedges(): HedgeBudget | undefined {
    return this.#gate?.hedges;
  }

  ready(): undefined {
    return undefined;
  }

  outageIn(): undefined {
    return undefined;
  }

  async enter(request: object, signal: AbortSignal): Promise<GatePass> {
    const gate = this.#gate ?? (await untilAborted(this.#opening, signal));
    return gate.enter(request, signal);
  }

  enterAtOnce(request: object): GatePass | undefined {
    return this.#gate?.enterAtOnce(request);
  }
}
