/**
 * A CSV machine after RFC 4180, for files larger than memory: bytes go in by chunks, records come out with their
 * line, byte offset and byte length. How the bytes are cut into chunks never changes what comes out.
 *
 * What no library gave us together: exact line numbers (CRLF, LF and lone CR are one line each, inside quotes
 * too), rejected rows as they stand in the file, and a limit that keeps an unclosed quote from swallowing the
 * file.
 *
 * A row that is not CSV is rejected and reading goes on:
 * - a quote that is still open at the end of the file or of the limit, or that closes on a later line in front
 *   of more text: the row up to the end of the line on which the quote opened is rejected, and reading resumes
 *   at the line after it;
 * - anything else: the row is rejected, reading resumes at the next row.
 *
 * A quote within an unquoted field (`5" disk`) stands for itself.
 */
import {
  CR,
  delimiterCode,
  HIGH,
  isSpace,
  isUtf8,
  joined,
  LF,
  NUL_BYTE,
  ORDINARY,
  QUOTE,
  STOP,
} from "./csv-bytes.ts";
import { FIELD, RecordView } from "./csv-record.ts";
import { type CsvOptions, type CsvProblem, type CsvSink, MAX_ROW_BYTES } from "./csv-sink.ts";

export type { CsvRecord } from "./csv-record.ts";
export {
  CSV_PROBLEMS,
  type CsvOptions,
  type CsvProblem,
  type CsvRejection,
  type CsvSink,
  MAX_ROW_BYTES,
} from "./csv-sink.ts";

/** Nothing pushed is looked at twice but for a record that a chunk's end cuts. */
export class CsvMachine {
  readonly #sink: CsvSink;
  readonly #delimiter: number;
  readonly #trim: boolean;
  readonly #limit: number;
  readonly #classes: Uint8Array;
  readonly #record = new RecordView();

  /** What is not read yet: the start of a record that is not complete, and chunks that wait for more. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** A cut record is tried again only when its bytes have doubled, so that tiny chunks cost no more than large. */
  #wanted = 0;

  #bytes: Buffer = Buffer.alloc(0);
  /** Whether all of `#bytes` is UTF-8, once somebody asked: looking at each row costs as much as the rest. */
  #allUtf8: boolean | undefined;
  #atEnd = false;
  /** Place in the file of `#bytes[0]`. */
  #base: number;
  #line: number;
  /** The last line ended in CR at the end of a chunk: an LF that follows belongs to it. */
  #skipLf = false;
  /** Within a row over the limit: everything up to the next line end is passed over. */
  #skipping = false;

  // The record being read.
  #window = 0;
  #breaks = 0;
  #ascii = true;
  #nul = false;
  /** Where the quote of the field being read opened, -1 once it closed; and the line breaks before it. */
  #quoteAt = -1;
  #breaksAtQuote = 0;

  /**
   * @throws RangeError when the delimiter is not one ASCII character, or is a quote or line end
   */
  constructor(sink: CsvSink, options: CsvOptions) {
    this.#sink = sink;
    this.#delimiter = delimiterCode(options.delimiter);
    this.#trim = options.trim ?? false;
    this.#limit = options.maxRowBytes ?? MAX_ROW_BYTES;
    this.#base = options.offset ?? 0;
    this.#line = options.line ?? 1;
    this.#classes = new Uint8Array(256).fill(HIGH, 0x80);
    for (const stop of [this.#delimiter, LF, CR]) this.#classes[stop] = STOP;
    this.#classes[0] = NUL_BYTE;
  }

  /** Takes the next bytes of the file. They must not change until `end`: the machine may keep a view of them. */
  push(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= this.#wanted) this.#read();
  }

  /** The file ends here: what is left is the last record. */
  end(): void {
    this.#atEnd = true;
    this.#read();
  }

  #read(): void {
    const bytes = joined(this.#waiting, this.#waitingBytes);
    this.#bytes = bytes;
    this.#allUtf8 = undefined;
    this.#record.use(bytes, this.#base);
    let at = 0;
    if (this.#skipLf && bytes.length > 0) {
      if (bytes[0] === LF) at = 1;
      this.#skipLf = false;
    }
    while (at < bytes.length) {
      const next = this.#skipping ? this.#skipLine(at) : this.#readRecord(at);
      if (next === -1) break;
      at = next;
    }
    this.#base += at;
    this.#waiting = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#waitingBytes = bytes.length - at;
    this.#wanted = Math.min(2 * this.#waitingBytes, this.#limit + 1);
  }

  /** Reads the record that starts at `start`; gives where the next one starts, -1 when more bytes are needed. */
  #readRecord(start: number): number {
    const bytes = this.#bytes;
    this.#window = Math.min(bytes.length, start + this.#limit + 1);
    this.#breaks = 0;
    this.#ascii = true;
    this.#nul = false;
    this.#quoteAt = -1;
    this.#record.clear();
    let at = start;
    for (;;) {
      at = this.#readField(at);
      if (at >= this.#window) {
        if (this.#window - start > this.#limit) return this.#overLimit(start);
        if (!this.#atEnd) return -1;
        if (this.#quoteAt !== -1) return this.#rejectQuote(start, at);
        break;
      }
      const stop = bytes[at];
      if (stop === this.#delimiter) at++;
      else if (stop === LF || stop === CR) break;
      else return this.#rejectQuote(start, at);
    }
    this.#giveRecord(start, at);
    return this.#nextLine(at, this.#breaks + 1);
  }

  /**
   * Reads the field that starts at `start` and gives where it stops: at a delimiter, a line end, the window's end
   * or, behind a closing quote, at text that should not be there.
   */
  #readField(start: number): number {
    const bytes = this.#bytes;
    const window = this.#window;
    const classes = this.#classes;
    const from = this.#trim ? this.#skipSpace(start) : start;
    if (bytes[from] === QUOTE && from < window) return this.#readQuoted(from);
    let at = from;
    for (; at < window; at++) {
      const meaning = classes[bytes[at] ?? 0];
      if (meaning === ORDINARY) continue;
      if (meaning === STOP) break;
      if (meaning === HIGH) this.#ascii = false;
      else this.#nul = true;
    }
    let to = at;
    if (this.#trim) while (to > from && isSpace(bytes[to - 1])) to--;
    this.#record.add(from, to, this.#trim ? FIELD.trimmed : FIELD.plain);
    return at;
  }

  #readQuoted(opening: number): number {
    const bytes = this.#bytes;
    const window = this.#window;
    this.#quoteAt = opening;
    this.#breaksAtQuote = this.#breaks;
    let kind: typeof FIELD.quoted | typeof FIELD.quotedWithEscapes = FIELD.quoted;
    for (let at = opening + 1; at < window; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        if (at + 1 < window && bytes[at + 1] === QUOTE) {
          kind = FIELD.quotedWithEscapes;
          at++;
          continue;
        }
        this.#record.add(opening + 1, at, kind);
        const after = this.#trim ? this.#skipSpace(at + 1) : at + 1;
        if (after >= window || this.#classes[bytes[after] ?? 0] === STOP) this.#quoteAt = -1;
        return after;
      }
      if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) this.#breaks++;
      else if (byte >= 0x80) this.#ascii = false;
      else if (byte === 0) this.#nul = true;
    }
    return window;
  }

  #skipSpace(from: number): number {
    let at = from;
    while (at < this.#window && isSpace(this.#bytes[at]) && this.#bytes[at] !== this.#delimiter) at++;
    return at;
  }

  #giveRecord(start: number, end: number): void {
    const record = this.#record;
    if (record.fieldCount === 1 && record.isBlank()) return;
    record.finish(this.#line, this.#breaks + 1, start, end, this.#ascii);
    if (this.#nul) this.#reject("nul", start, end);
    else if (!this.#ascii && !this.#isUtf8(start, end)) this.#reject("invalid-utf8", start, end);
    else this.#sink.record(record);
  }

  #isUtf8(start: number, end: number): boolean {
    this.#allUtf8 ??= isUtf8(this.#bytes, { stream: !this.#atEnd });
    return this.#allUtf8 || isUtf8(this.#bytes.subarray(start, end));
  }

  /** A quote does not close, or text follows it at `at`: the row ends with the line on which the quote opened. */
  #rejectQuote(start: number, at: number): number {
    let end = this.#lineEnd(this.#quoteAt, this.#window);
    if (end === -1) {
      if (this.#window - start > this.#limit) return this.#rejectTooLong(start);
      if (!this.#atEnd) return -1;
      end = this.#window;
    }
    const isClosed = at < end;
    this.#reject(isClosed ? "text-after-quote" : "unclosed-quote", start, end);
    return this.#nextLine(end, this.#breaksAtQuote + 1);
  }

  #overLimit(start: number): number {
    const isOpenOnEarlierLine = this.#quoteAt !== -1 && this.#lineEnd(this.#quoteAt, this.#window) !== -1;
    return isOpenOnEarlierLine ? this.#rejectQuote(start, this.#window) : this.#rejectTooLong(start);
  }

  #rejectTooLong(start: number): number {
    this.#reject("too-long", start, start + this.#limit);
    this.#line += this.#breaks;
    this.#skipping = true;
    return this.#window;
  }

  #reject(problem: CsvProblem, start: number, end: number): void {
    const raw = this.#bytes.toString("utf8", start, end);
    this.#sink.rejected({ line: this.#line, offset: this.#base + start, problem, raw });
  }

  #skipLine(from: number): number {
    const end = this.#lineEnd(from, this.#bytes.length);
    if (end === -1) return this.#bytes.length;
    this.#skipping = false;
    return this.#nextLine(end, 1);
  }

  #lineEnd(from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = this.#bytes[at];
      if (byte === LF || byte === CR) return at;
    }
    return -1;
  }

  /** Steps over the line end at `at`, or over nothing at the end of the file. */
  #nextLine(at: number, lines: number): number {
    const bytes = this.#bytes;
    this.#line += lines;
    if (at >= bytes.length) return at;
    if (bytes[at] === LF) return at + 1;
    if (at + 1 === bytes.length) this.#skipLf = true;
    return bytes[at + 1] === LF ? at + 2 : at + 1;
  }
}

/** Gives all that is in these bytes to the sink: a file that is at hand as a whole, or a part of it. */
export function parseCsv(bytes: Uint8Array, sink: CsvSink, options: CsvOptions): void {
  const machine = new CsvMachine(sink, options);
  machine.push(bytes);
  machine.end();
}
