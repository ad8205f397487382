import type { MessagePort } from "node:worker_threads";
import { onAbort } from "../on-abort.ts";
import { errorFromData } from "./error-data.ts";
import type { Answers, FromThread, Question, ToThread } from "./messages.ts";

interface Asker {
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (error: Error) => void;
}

/** A thread's end of the line to the main thread. It keeps no thread alive. */
export class MainPort {
  readonly #port: MessagePort;
  readonly #asking = new Map<number, Asker>();
  #calls = 0;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: ToThread) => this.#take(message));
    port.on("close", () => this.close());
    port.unref();
  }

  /**
   * Asks, and waits for the answer.
   *
   * @returns the answer, and the number of the call
   * @throws what the main thread threw, made again; the signal's reason; an Error when the line is closed
   */
  async ask<T extends Question>(
    question: T,
    signal?: AbortSignal,
  ): Promise<{ readonly call: number; readonly value: Answers[T["what"]] }> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw closedError();
    const call = this.#calls++;
    const { promise, resolve, reject } = Promise.withResolvers<Answers[keyof Answers]>();
    this.#asking.set(call, { resolve, reject });
    const leave = signal && onAbort(signal, () => this.#leave(call, signal.reason as Error));
    this.tell({ what: "ask", call, question });
    try {
      return { call, value: (await promise) as Answers[T["what"]] };
    } finally {
      leave?.();
    }
  }

  tell(message: FromThread): void {
    if (!this.#isClosed) this.#port.postMessage(message);
  }

  /** Who waits for an answer gets an error. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    for (const { reject } of this.#asking.values()) reject(closedError());
    this.#asking.clear();
  }

  #leave(call: number, reason: Error): void {
    const asker = this.#asking.get(call);
    if (!this.#asking.delete(call)) return;
    this.tell({ what: "leave", call });
    asker?.reject(reason);
  }

  #take(message: ToThread): void {
    const asker = this.#asking.get(message.call);
    this.#asking.delete(message.call);
    if ("error" in message) asker?.reject(errorFromData(message.error));
    else asker?.resolve(message.value);
  }
}

function closedError(): Error {
  return new Error("the main thread has closed the line to the limits that threads share");
}
