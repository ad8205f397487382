import type { RequestBudget } from "./effort.ts";
import { onAbort } from "../on-abort.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import type { Cancel, Surroundings } from "../../surroundings/surroundings.ts";

/** Given to the attempt: how it is ended from outside, and the pulse that shows that bytes still flow. */
export interface AttemptContext {
  /** Aborts when the attempt is ended, for what takes a signal; it is made when it is first asked for. */
  readonly signal: AbortSignal;
  /** Ends a wait for something of our own that begins now, before any byte is under way. */
  readonly waitSignal: AbortSignal;
  /** The same as a plain call, for the calls of every file; at once when it has been ended. One request at a time. */
  whenEnded(end: (reason: Error) => void): void;
  /** Call for every sign of life; the idle clock starts anew. */
  readonly alive: () => void;
  /**
   * `act` is called once the attempt needs a long body's bytes no more, because they have left this process; never for a short
   * one, nor through a proxy, nor when the attempt fails before. One request at a time.
   */
  whenSent(act: () => void): void;
  /** For who sends: the last byte of the body has left. */
  sent(): void;
  /** Waits for something of our own (a free buffer) with the clocks stopped. */
  hold<T>(wait: Promise<T>): Promise<T>;
}

/**
 * The clocks of one attempt. It is ended when no byte flows for too long, when the time for the file is used up, or when the
 * run is aborted. `stop` must be called when the attempt ended.
 */
export class AttemptClock implements AttemptContext {
  readonly #surroundings: Surroundings;
  readonly #effort: RequestBudget;
  readonly #operation: string;
  readonly #idleMs: number;
  readonly #leave: () => void;
  #controller: AbortController | undefined;
  #endRequest: ((reason: Error) => void) | undefined;
  #whenSent: (() => void) | undefined;
  /** Why it was ended. */
  #reason: Error | undefined;
  #cancelTimer: Cancel | undefined;
  #secondLook: NodeJS.Immediate | undefined;
  #isRunning = false;
  #wasCut = false;
  #began = 0;
  #aliveAt = 0;
  #spentMs = 0;

  constructor(surroundings: Surroundings, effort: RequestBudget, operation: string, idleMs: number) {
    this.#surroundings = surroundings;
    this.#effort = effort;
    this.#operation = operation;
    this.#idleMs = idleMs;
    this.#run();
    this.#leave = onAbort(effort.signal, () => this.#end(effort.signal.reason as Error));
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  get waitSignal(): AbortSignal {
    return AbortSignal.any([this.signal, this.#effort.waitSignal]);
  }

  /** How long the attempt has taken, ms, without what it was held. */
  get spentMs(): number {
    return this.#spentMs + (this.#isRunning ? this.#surroundings.monotonic() - this.#began : 0);
  }

  /** It was ended by `cut`. */
  get wasCut(): boolean {
    return this.#wasCut;
  }

  /** Why the clocks ended the attempt; undefined when they did not. */
  get timeout(): ServiceFailure | undefined {
    return this.#reason instanceof ServiceFailure ? this.#reason : undefined;
  }

  whenEnded(end: (reason: Error) => void): void {
    this.#endRequest = end;
    if (this.#reason !== undefined) end(this.#reason);
  }

  whenSent(act: () => void): void {
    this.#whenSent = act;
  }

  sent(): void {
    this.#whenSent?.();
  }

  readonly alive = (): void => void (this.#aliveAt = this.#surroundings.monotonic());

  async hold<T>(wait: Promise<T>): Promise<T> {
    this.#halt();
    try {
      return await wait;
    } finally {
      this.#run();
    }
  }

  /** Ends the attempt because the same request was answered elsewhere; not when it has been ended. */
  cut(): void {
    if (this.#reason !== undefined) return;
    this.#wasCut = true;
    this.#end(new DOMException("The same request has been answered.", "AbortError"));
  }

  stop(): void {
    this.#halt();
    this.#whenSent = undefined;
    this.#endRequest = undefined;
    this.#leave();
  }

  #run(): void {
    this.#isRunning = true;
    this.#began = this.#surroundings.monotonic();
    this.#aliveAt = this.#began;
    this.#wait(Math.min(this.#idleMs, Math.max(1, this.#effort.leftMs - this.#spentMs)));
  }

  #halt(): void {
    this.#cancelTimer?.();
    clearImmediate(this.#secondLook);
    this.#spentMs = this.spentMs;
    this.#isRunning = false;
  }

  #wait(ms: number): void {
    this.#cancelTimer = this.#surroundings.after(ms, () => this.#look());
  }

  /**
   * One timer for both clocks, set anew only when it went off: a sign of life just notes the time.
   *
   * @param isSecond what had arrived while this process was busy has been read since the first look
   */
  #look(isSecond = false): void {
    const now = this.#surroundings.monotonic();
    const idleLeftMs = this.#idleMs - (now - this.#aliveAt);
    const leftMs = this.#effort.leftMs - this.spentMs;
    // A timer may go off within a millisecond before its time.
    if (leftMs < 1) this.#timeOut("the time for the file is used up");
    else if (idleLeftMs >= 1) this.#wait(Math.min(idleLeftMs, leftMs));
    else if (isSecond) this.#timeOut(`no byte for ${this.#idleMs / 1000} s`);
    else this.#secondLook = setImmediate(() => this.#look(true));
  }

  #timeOut(why: string): void {
    this.#end(new ServiceFailure(this.#operation, `timed out, ${why}`, { timedOut: true }));
  }

  #end(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#whenSent = undefined;
    this.#controller?.abort(reason);
    this.#endRequest?.(reason);
  }
}
