import type { OnReadOpts, Socket } from "node:net";

/** The most that a TLS record holds (RFC 8446, 5.1), which is the most that Node hands over at once. */
const RECORD_BYTES = 16 * 1024;
const HEAD_END = "\r\n\r\n";
/**
 * A longer body goes in slices: a whole one shows no sign of life until its last byte has left. They are of the same length,
 * because Node encrypts a slice into a buffer of its length and keeps the largest with the connection.
 */
const LONGEST_SLICE_BYTES = 128 * 1024;

/** Whoever sends a body. */
export interface BodyPulse {
  /** A slice of it has left. */
  alive(): void;
  /** The last one has. */
  sent(): void;
}

/**
 * How a socket is read and written to below the library, at less cost (`docs/design/028-lean-sockets.md`).
 *
 * **Read** into one buffer that each read uses again, by the option `onread` of `tls.connect`. The library takes what
 * came by `read()`, which is replaced on the socket; it parses one piece before it asks for the next. Of an answer's head
 * it keeps parts until the head is whole, so heads are copied. Should Node take no notice of `onread`, all is read as ever.
 *
 * **Written** to in slices, each when the one before has left. To write anything else meanwhile ends the socket.
 */
export class LeanSocket {
  #pulse: BodyPulse | undefined;
  #isSending = false;
  #isBody = false;
  #buffer: Buffer | undefined;
  /** What came and was not taken; a view of the buffer only while `#arrived` runs. */
  #unread: Buffer[] = [];
  #socket: Socket | undefined;

  /** Parts of the body that is being sent have not been handed to the socket: it takes nothing else. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** For the socket that `attach` is then called with. */
  onread(): OnReadOpts {
    const buffer = Buffer.allocUnsafeSlow(RECORD_BYTES);
    this.#buffer = buffer;
    return { buffer, callback: (bytes) => this.#arrived(buffer.subarray(0, bytes)) };
  }

  /** Changes the socket's `write`, and its `read` and `unshift` when it was made with `onread`. */
  attach(socket: Socket): void {
    this.#socket = socket;
    this.#writeInSlices(socket);
    if (this.#buffer !== undefined) this.#readPieces(socket);
  }

  /** A request begins. @param pulse told of a body that goes in slices */
  beginExchange(pulse: BodyPulse): void {
    this.#pulse = pulse;
  }

  /** Its answer has ended: a free connection keeps nothing of either, or all of that would outlive the next requests of others. */
  endExchange(): void {
    this.#pulse = undefined;
    this.#isBody = false;
  }

  /**
   * What arrives from now on is of a body whose length is known, until `endExchange`.
   *
   * @returns whether each piece of it is overwritten by the next one, so that whoever keeps one has to copy it
   */
  beginBody(): boolean {
    this.#isBody = true;
    return this.#buffer !== undefined;
  }

  #readPieces(socket: Socket): void {
    const read = socket.read.bind(socket);
    // It begins to read again after `#arrived` stopped it, and tells the end, which comes after all that is unread.
    socket.read = (size?: number): unknown => {
      if (this.#unread.length === 0) return read(size);
      // A size of 0 is Node's own call, which takes nothing.
      return size === 0 || socket.destroyed ? null : this.#next();
    };
    socket.unshift = (piece: Buffer) => {
      if (piece.length > 0) this.#unread.unshift(Buffer.from(piece));
    };
  }

  /** @param piece of the buffer @returns whether to go on reading */
  #arrived(piece: Buffer): boolean {
    // What Node has decrypted still comes after reading was stopped.
    this.#unread.push(this.#unread.length === 0 ? piece : Buffer.from(piece));
    this.#socket?.emit("readable");
    if (this.#unread.length === 0) return true;
    this.#unread = this.#unread.map((one) => (one.buffer === piece.buffer ? Buffer.from(one) : one));
    return false;
  }

  #next(): Buffer | null {
    const piece = this.#unread.shift() ?? null;
    if (piece === null || this.#isBody) return piece;
    const end = piece.indexOf(HEAD_END);
    if (end === -1) return Buffer.from(piece);
    const head = Buffer.from(piece.subarray(0, end + HEAD_END.length));
    if (head.length < piece.length) this.#unread.unshift(piece.subarray(head.length));
    return head;
  }

  #writeInSlices(socket: Socket): void {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    const send = (body: Buffer, from: number, bytes: number, pulse: BodyPulse | undefined): boolean => {
      const to = from + bytes;
      this.#isSending = to < body.length;
      return write(body.subarray(from, to), (error?: Error | null) => {
        if (error) return;
        pulse?.alive();
        if (to >= body.length) pulse?.sent();
        else if (!socket.destroyed) send(body, to, bytes, pulse);
      });
    };
    socket.write = (chunk: unknown, ...more: unknown[]): boolean => {
      if (this.#isSending) {
        socket.destroy(new Error("something else was written in the middle of a body"));
        return false;
      }
      if (!(chunk instanceof Buffer) || chunk.length <= LONGEST_SLICE_BYTES) return write(chunk, ...more);
      const bytes = Math.ceil(chunk.length / Math.ceil(chunk.length / LONGEST_SLICE_BYTES));
      // The answer, and the next request, may come before it is known that the last slice has left.
      return send(chunk, 0, bytes, this.#pulse);
    };
  }
}
