import type { Place } from "./listing-row.ts";

/** A line with its place in the file; valid only during the call. */
export interface Line extends Place {
  /** Without the line feed. */
  readonly bytes: Buffer;
}

export interface LineSink {
  line(line: Line): void;
  /** A line over the limit: its first bytes. */
  tooLong(line: Line): void;
}

const LF = 0x0a;

/** Cuts bytes into lines at line feeds; how the bytes are chunked never changes what comes out. */
export class LineMachine {
  readonly #sink: LineSink;
  readonly #limit: number;
  #offset: number;
  #line: number;
  /** The start of a line whose end has not come yet, at most the limit and one chunk. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Within a line over the limit, which the sink was told already. */
  #skipping = false;

  constructor(at: Place, limit: number, sink: LineSink) {
    this.#offset = at.offset;
    this.#line = at.line;
    this.#limit = limit;
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, from)) {
      this.#keep(bytes.subarray(from, at));
      this.#give();
      this.#offset++;
      this.#line++;
      from = at + 1;
    }
    this.#keep(bytes.subarray(from));
  }

  end(): void {
    this.#give();
  }

  #keep(part: Buffer): void {
    if (this.#skipping) {
      this.#offset += part.length;
      return;
    }
    this.#waiting.push(part);
    this.#waitingBytes += part.length;
    if (this.#waitingBytes <= this.#limit) return;
    const bytes = this.#take();
    this.#sink.tooLong({ offset: this.#offset, line: this.#line, bytes: bytes.subarray(0, this.#limit) });
    this.#offset += bytes.length;
    this.#skipping = true;
  }

  #give(): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    const bytes = this.#take();
    this.#sink.line({ offset: this.#offset, line: this.#line, bytes });
    this.#offset += bytes.length;
  }

  #take(): Buffer {
    const [first] = this.#waiting;
    const bytes =
      this.#waiting.length === 1 && first !== undefined
        ? first
        : Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return bytes;
  }
}
