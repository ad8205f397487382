import type { MessagePort } from "node:worker_threads";
import type { GatePass } from "../gate/gate.ts";
import type { ServiceGate } from "../gate/service-gate.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import { errorToData, failureFromData } from "./error-data.ts";
import type { Answers, FromThread, GateFacts, Outcome, Question, ToThread } from "./messages.ts";

/** What a thread is served with. */
export interface Served {
  gate(id: number): ServiceGate;
  /** @param url of a source account */
  source(url: string): GateFacts;
  readonly signIn: SignIn | undefined;
}

/** The main thread's end of the line to one thread: it answers what is asked about gates and tokens. */
export class ThreadServer {
  readonly #port: MessagePort;
  readonly #served: Served;
  /** Names the requests of this thread among those of all. */
  readonly #thread: number;
  readonly #waiting = new Map<number, AbortController>();
  readonly #passes = new Map<number, GatePass>();
  #isClosed = false;

  constructor(port: MessagePort, served: Served, thread: number) {
    this.#port = port;
    this.#served = served;
    this.#thread = thread;
    port.on("message", (message: FromThread) => this.#take(message));
    port.on("close", () => this.close());
    port.unref();
  }

  /** The thread has ended, or is to ask no more: what it was let pass counts as given up, its waits end. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    for (const wait of this.#waiting.values()) wait.abort(new Error("the thread has ended"));
    for (const pass of this.#passes.values()) pass.abandoned();
    this.#passes.clear();
  }

  #take(message: FromThread): void {
    switch (message.what) {
      case "ask":
        // It does not reject.
        void this.#answer(message.call, message.question);
        return;
      case "leave":
        this.#waiting.get(message.call)?.abort(new Error("the answer is not wanted any more"));
        // The pass may be on its way to a thread that has left.
        this.#end(message.call, { kind: "abandoned" });
        return;
      case "accepted":
        this.#served.signIn?.accepted();
    }
  }

  async #answer(call: number, question: Question): Promise<void> {
    const wait = new AbortController();
    this.#waiting.set(call, wait);
    let answer: ToThread;
    try {
      answer = { call, value: await this.#ask(call, question, wait.signal) };
    } catch (thrown) {
      answer = { call, error: errorToData(thrown) };
    }
    this.#waiting.delete(call);
    if (!this.#isClosed) this.#port.postMessage(answer);
    else this.#end(call, { kind: "abandoned" });
  }

  #ask(
    call: number,
    question: Question,
    signal: AbortSignal,
  ): Answers[keyof Answers] | Promise<Answers[keyof Answers]> {
    switch (question.what) {
      case "enter":
        return this.#enter(call, question, signal);
      case "passed":
        this.#end(question.enter, question.outcome);
        return true;
      case "told": {
        const { gate, request, sentAt, answered, outcome } = question;
        const name = this.#nameOf(request);
        this.#served.gate(gate).told(name, sentAt, answered, (pass) => void settle(pass, outcome));
        return true;
      }
      case "source":
        return this.#served.source(question.url);
      case "token":
        return this.#token(question, signal);
    }
  }

  async #enter(
    call: number,
    { gate, request }: Extract<Question, { what: "enter" }>,
    signal: AbortSignal,
  ): Promise<true> {
    // A gate tells requests apart by what they are, here by their text.
    const pass = await this.#served.gate(gate).enter(this.#nameOf(request), signal);
    this.#passes.set(call, pass);
    return true;
  }

  async #token(
    { request, old }: Extract<Question, { what: "token" }>,
    signal: AbortSignal,
  ): Promise<Answers["token"]> {
    const { signIn } = this.#served;
    if (signIn === undefined) throw new Error("nobody signs in here");
    const { scope, tenantId, fresh, claims } = request;
    if (fresh && old !== undefined) signIn.replace(old, claims);
    return signIn.getTokenAfter(old, scope, {
      abortSignal: signal,
      ...(tenantId !== undefined && { tenantId }),
    });
  }

  #end(call: number, outcome: Outcome): void {
    const pass = this.#passes.get(call);
    this.#passes.delete(call);
    if (pass === undefined) return;
    if (outcome.kind === "answered") pass.answered();
    else if (outcome.kind === "abandoned") pass.abandoned();
    else void settle(pass, outcome);
  }

  #nameOf(request: number): string {
    return `${this.#thread}:${request}`;
  }
}

function settle(
  pass: Pick<GatePass, "throttled" | "failed">,
  outcome: Extract<Outcome, { kind: "throttled" | "failed" }>,
): Promise<void> | undefined {
  if (outcome.kind === "throttled") return pass.throttled(outcome.retryAfterMs);
  const { reason, failure } = outcome;
  return pass.failed(reason, failure && failureFromData(failure));
}
