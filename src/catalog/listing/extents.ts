/** Where the rows of a work item stand in the file, packed to some 10 bytes an extent. */

/** Rows of one work item that follow each other in the file. */
export interface Extent {
  readonly offset: number;
  /** Bytes, without the line end of the last row. */
  readonly length: number;
  readonly rows: number;
  /** The line that it starts on. */
  readonly line: number;
}

/** Four numbers of up to eight digits to the base of 128. */
const MAX_EXTENT_BYTES = 4 * 8;

/** Packs extents in file order, those of one work item after those of another. */
export class ExtentPacker {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  /** Where the last extent ended, and its line: the next is told by its distance. */
  #end = 0;
  #line = 0;

  add({ offset, length, rows, line }: Extent): void {
    if (this.#length + MAX_EXTENT_BYTES > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    }
    this.#put(offset - this.#end);
    this.#put(length);
    this.#put(rows);
    this.#put(line - this.#line);
    this.#end = offset + length;
    this.#line = line;
  }

  /** Gives what was added, valid until the next `add`. */
  take(): Buffer {
    const packed = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#end = 0;
    this.#line = 0;
    return packed;
  }

  /** A whole number that is not negative: seven bits a byte, the low ones first, the last byte without the top bit. */
  #put(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = 0x80 | (rest & 0x7f);
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }
}

/** The extents that were packed, in file order. */
export function* unpackExtents(packed: Uint8Array): Generator<Extent, void> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = packed[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  for (let end = 0, line = 0; at < packed.length;) {
    const offset = end + next();
    const length = next();
    const rows = next();
    line += next();
    end = offset + length;
    yield { offset, length, rows, line };
  }
}
