import type { Socket } from "node:net";
import type { buildConnector } from "undici";
import { onAbort } from "../on-abort.ts";

/** A socket that is opened before a request needs it. Until it is taken it does not keep the process alive once it is open. */
export class EarlySocket {
  #socket: Socket | undefined;
  #state: "opening" | "open" | "gone" = "opening";
  #taker: buildConnector.Callback | undefined;

  /**
   * @param open begins at once; calls back as the library's connectors do
   * @param signal drops it
   */
  constructor(open: (callback: buildConnector.Callback) => void, signal: AbortSignal | undefined) {
    open((...result) => this.#opened(...result));
    if (signal !== undefined) onAbort(signal, () => this.drop());
  }

  /**
   * Hands the socket to the first who asks for it, also while it is opened still.
   *
   * @param callback gets it, or why it could not be opened
   * @returns false when it is not there: it could not be opened, was closed meanwhile, was taken, or was dropped
   */
  take(callback: buildConnector.Callback): boolean {
    if (this.#taker !== undefined || this.#state === "gone") return false;
    const socket = this.#socket;
    if (socket?.destroyed === true) return false;
    this.#taker = callback;
    if (socket === undefined) return true;
    socket.ref();
    // The library does not expect it before its call has returned.
    queueMicrotask(() => callback(null, socket));
    return true;
  }

  /** Closes it, unless it was taken. */
  drop(): void {
    if (this.#taker !== undefined) return;
    this.#state = "gone";
    this.#socket?.destroy();
  }

  #opened(...[error, socket]: buildConnector.CallbackArgs): void {
    if (this.#taker !== undefined) return this.#taker(...([error, socket] as buildConnector.CallbackArgs));
    // That it is lost is found when it is taken.
    socket?.on("error", () => {});
    if (error !== null || this.#state === "gone") {
      this.#state = "gone";
      socket?.destroy();
      return;
    }
    this.#state = "open";
    this.#socket = socket.unref();
  }
}
