import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { Connection } from "./connections.ts";
import { lostConnection } from "./wire-errors.ts";

export interface WireRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query as they go over the wire. */
  readonly path: string;
  /** Names in lower case, each followed by its value. */
  readonly headers: string[];
  readonly body?: Buffer | undefined;
}

/** Through a proxy a larger body goes in slices; elsewhere the socket cuts it. */
const SLICE_BYTES = 64 * 1024;
/** Pieces (of up to 64 KiB each) that may arrive before somebody reads them; beyond that the connection waits. */
const MOST_UNREAD = 2;

/**
 * One request and its answer on a connection of its own for so long. Nothing is tried again here: a kept connection that the
 * service has closed meanwhile is an error like any other.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  /** Of the answer, by names in lower case. */
  headers: Record<string, string | string[] | undefined> = {};
  readonly #pulse: AttemptContext;
  readonly #connection: Connection;
  #controller: Dispatcher.DispatchController | undefined;
  #unread: Buffer[] = [];
  /** Where the body goes as it comes. */
  #sink: { readonly buffer: Buffer; filled: number } | undefined;
  /** Each piece of the body is overwritten by the next one. */
  #piecesPass = false;
  #receivedBytes = 0;
  #isComplete = false;
  #error: Error | undefined;
  /** Waits for the head, or for the next piece of the body. */
  #wake: (() => void) | undefined;

  private constructor(connection: Connection, pulse: AttemptContext) {
    this.#connection = connection;
    this.#pulse = pulse;
  }

  /**
   * Sends the request. The connection is given back, or cut, when the answer has ended.
   *
   * @returns the exchange once the answer has begun, whatever its status
   * @throws an error with a system code when the connection fails; why the attempt was ended
   */
  static async begin(connection: Connection, request: WireRequest, pulse: AttemptContext): Promise<Exchange> {
    const exchange = new Exchange(connection, pulse);
    pulse.whenEnded((reason) => exchange.#fail(reason));
    exchange.#throwIfFailed();
    connection.dispatcher.dispatch(dispatchOptions(request, connection.isLean), exchange);
    while (exchange.status === 0) await exchange.#news();
    return exchange;
  }

  header(name: string): string | undefined {
    const value = this.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  }

  /** The next piece of the body; undefined after the last. @throws as `begin` does */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.#unread.shift();
      if (piece !== undefined) return piece;
      if (this.#isComplete) return undefined;
      await this.#news();
    }
  }

  /**
   * The rest of the body, all at once.
   *
   * @returns undefined when it is longer than `most` bytes; the connection is cut then
   * @throws as `begin` does
   */
  async rest(most: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let bytes = 0; ;) {
      for (const piece of this.#unread) bytes += piece.length;
      pieces.push(...this.#unread);
      this.#unread = [];
      if (bytes > most) {
        this.close();
        return undefined;
      }
      // A small answer came in one piece, as a rule: there is nothing to wait for.
      if (this.#isComplete) return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      await this.#news();
    }
  }

  /**
   * Fills the buffer with what comes next of the body.
   *
   * @returns how many bytes there were: fewer than the buffer holds when the body has ended
   * @throws as `begin` does
   */
  async fill(buffer: Buffer): Promise<number> {
    const sink = { buffer, filled: 0 };
    this.#sink = sink;
    for (const piece of this.#unread.splice(0)) this.#take(piece);
    while (sink.filled < buffer.length && !this.#isComplete) await this.#news();
    this.#sink = undefined;
    return sink.filled;
  }

  /** Gives the connection back, or cuts it when there is more of the answer; a second call does nothing. */
  close(): void {
    this.#unread = [];
    if (!this.#isComplete && this.#receivedBytes !== Number(this.header("content-length"))) {
      this.#fail(new DOMException("The answer was not wanted to its end.", "AbortError"));
    }
  }

  async #news(): Promise<void> {
    this.#throwIfFailed();
    if (this.#controller?.paused === true) this.#controller.resume();
    if (this.#unread.length > 0 || this.#isComplete) return;
    await new Promise<void>((resolve) => void (this.#wake = resolve));
    this.#throwIfFailed();
  }

  #throwIfFailed(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  #take(piece: Buffer): void {
    const sink = this.#sink;
    const taken = sink === undefined ? 0 : piece.copy(sink.buffer, sink.filled);
    if (sink !== undefined) sink.filled += taken;
    if (taken < piece.length) {
      const left = piece.subarray(taken);
      this.#unread.push(this.#piecesPass ? Buffer.from(left) : left);
    }
    if (sink === undefined || sink.filled === sink.buffer.length) this.#tell();
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Ends it from our side, whether it waits for its connection still or has begun. */
  #fail(reason: Error): void {
    if (this.#error !== undefined || this.#isComplete) return;
    this.#error = reason;
    // Whoever reads may use the buffer for something else from now on.
    this.#sink = undefined;
    this.#controller?.abort(reason);
    this.#connection.cut(reason);
    this.#tell();
  }

  // What follows is called by the library.

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#connection.socket?.beginExchange(this.#pulse);
    if (this.#error !== undefined) controller.abort(this.#error);
  }

  onBodySent(): void {
    this.#pulse.alive();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#pulse.alive();
    this.status = status;
    this.headers = headers;
    const isCounted = headers["content-length"] !== undefined && headers["transfer-encoding"] === undefined;
    this.#piecesPass = isCounted && this.#connection.socket?.beginBody() === true;
    this.#tell();
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#pulse.alive();
    if (this.#error !== undefined) return;
    this.#receivedBytes += piece.length;
    this.#take(piece);
    if (this.#unread.length > MOST_UNREAD) controller.pause();
  }

  onResponseEnd(): void {
    this.#isComplete = true;
    const { socket } = this.#connection;
    socket?.endExchange();
    if (socket?.isSending === true)
      this.#connection.cut(new Error("the answer came before the body was sent"));
    else this.#connection.giveBack();
    this.#tell();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = lostConnection(error);
    // It connects anew for the next request.
    this.#connection.giveBack();
    this.#tell();
  }
}

/** @param isLean a long body is cut into slices by the socket */
function dispatchOptions(
  { method, origin, path, headers, body }: WireRequest,
  isLean: boolean,
): Dispatcher.DispatchOptions {
  if (body === undefined || isLean || body.length <= SLICE_BYTES) {
    // Without `reset: false` a connection is closed after a HEAD.
    return { method, origin, path, headers, body: body ?? null, reset: false };
  }
  return {
    method,
    origin,
    path,
    headers: [...headers, "content-length", String(body.length)],
    body: Readable.from(slices(body)),
    reset: false,
  };
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += SLICE_BYTES) yield body.subarray(at, at + SLICE_BYTES);
}
