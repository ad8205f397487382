/**
 * Makes UTF-8 without a byte order mark of what a spreadsheet writes: UTF-8 with or without a mark, UTF-16 with one.
 * The last chunk may be empty.
 */
export async function* toUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let converter: Converter | undefined;
  for await (const chunk of chunks) {
    if (converter !== undefined) {
      yield converter.push(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < LONGEST_MARK) continue;
    converter = chooseConverter(head);
    yield converter.push(withoutMark(head));
  }
  if (converter === undefined) {
    converter = chooseConverter(head);
    yield converter.push(withoutMark(head));
  }
  yield converter.end();
}

interface Converter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const UTF8_MARK = [0xef, 0xbb, 0xbf];
const UTF16LE_MARK = [0xff, 0xfe];
const UTF16BE_MARK = [0xfe, 0xff];
const LONGEST_MARK = 3;
const NOTHING = new Uint8Array();
const PASS_THROUGH: Converter = { push: (chunk) => chunk, end: () => NOTHING };

function startsWith(head: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => head[index] === byte);
}

function chooseConverter(head: Uint8Array): Converter {
  if (startsWith(head, UTF16LE_MARK)) return new Utf16Converter(false);
  if (startsWith(head, UTF16BE_MARK)) return new Utf16Converter(true);
  return PASS_THROUGH;
}

function withoutMark(head: Uint8Array): Uint8Array {
  const mark = [UTF8_MARK, UTF16LE_MARK, UTF16BE_MARK].find((known) => startsWith(head, known));
  return head.subarray(mark?.length ?? 0);
}

/** A byte that is never part of UTF-8: it gets the row rejected that has half a character, instead of mending it. */
const NOT_UTF8 = Buffer.from([0xff]);

class Utf16Converter implements Converter {
  readonly #bigEndian: boolean;
  /** Half a code unit, or a high surrogate that waits for its other half. */
  #rest = Buffer.alloc(0);

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let end = bytes.length - (bytes.length % 2);
    if (end > 0 && this.#isHighSurrogate(bytes, end - 2)) end -= 2;
    this.#rest = bytes.subarray(end);
    const units = bytes.subarray(0, end);
    return toBytes((this.#bigEndian ? units.swap16() : units).toString("utf16le"));
  }

  end(): Uint8Array {
    return this.#rest.length === 0 ? NOTHING : NOT_UTF8;
  }

  #isHighSurrogate(bytes: Buffer, at: number): boolean {
    const unit = this.#bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
    return unit >= 0xd800 && unit < 0xdc00;
  }
}

function toBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const [first = "", ...others] = text.split(/\p{Surrogate}/u);
  return Buffer.concat([Buffer.from(first), ...others.flatMap((part) => [NOT_UTF8, Buffer.from(part)])]);
}
