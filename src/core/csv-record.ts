/** How a field is written; decides how its text is taken out of the bytes. */
export const FIELD = { plain: 0, trimmed: 1, quoted: 2, quotedWithEscapes: 3 } as const;
type FieldKind = (typeof FIELD)[keyof typeof FIELD];

/**
 * A record, valid only during the call of `CsvSink.record`: the machine uses the same object for all.
 * Lines that are empty, or hold nothing but white space when `trim` is on, are no records.
 */
export interface CsvRecord {
  /** The line it starts on; the first line of the file is 1. */
  readonly line: number;
  /** Where it starts in the file, in bytes. */
  readonly offset: number;
  /** Its bytes without the line end. */
  readonly length: number;
  /** Lines it covers: more than 1 when a quoted field has line breaks. */
  readonly lineCount: number;
  /** At least 1. */
  readonly fieldCount: number;
  /**
   * The field's text without its quotes; empty when there is no such field. It may keep alive the text of the whole
   * chunk that it is cut out of.
   */
  field(index: number): string;
  /** The record as it stands in the file, without the line end. */
  raw(): string;
}

/** The one record of a machine: where the fields stand; texts are made when they are asked for. */
export class RecordView implements CsvRecord {
  line = 0;
  offset = 0;
  length = 0;
  lineCount = 0;
  fieldCount = 0;

  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  /** The bytes as Latin-1, one character a byte: cutting ASCII fields out of it is much cheaper than decoding each. */
  #latin1: string | undefined;
  #start = 0;
  #end = 0;
  #ascii = true;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #kinds: FieldKind[] = [];

  use(bytes: Buffer, base: number): void {
    this.#bytes = bytes;
    this.#base = base;
    this.#latin1 = undefined;
  }

  clear(): void {
    this.fieldCount = 0;
  }

  add(start: number, end: number, kind: FieldKind): void {
    const index = this.fieldCount++;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#kinds[index] = kind;
  }

  finish(line: number, lineCount: number, start: number, end: number, ascii: boolean): void {
    this.line = line;
    this.lineCount = lineCount;
    this.offset = this.#base + start;
    this.length = end - start;
    this.#start = start;
    this.#end = end;
    this.#ascii = ascii;
  }

  isBlank(): boolean {
    return (this.#kinds[0] ?? 0) < FIELD.quoted && this.#starts[0] === this.#ends[0];
  }

  field(index: number): string {
    if (index >= this.fieldCount) return "";
    const text = this.#text(this.#starts[index] ?? 0, this.#ends[index] ?? 0);
    const kind = this.#kinds[index];
    if (kind === FIELD.quotedWithEscapes) return text.replaceAll('""', '"');
    // Of white space the machine itself knows only spaces and tabs; spreadsheets also leave no-break spaces.
    return kind === FIELD.trimmed && !this.#ascii ? text.trim() : text;
  }

  raw(): string {
    return this.#text(this.#start, this.#end);
  }

  #text(start: number, end: number): string {
    if (!this.#ascii) return this.#bytes.toString("utf8", start, end);
    this.#latin1 ??= this.#bytes.toString("latin1");
    return this.#latin1.slice(start, end);
  }
}
