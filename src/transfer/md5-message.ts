import { BLOCK_BYTES } from "./md5-module.ts";

/** RFC 1321, 3.3. */
const FIRST_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/** RFC 1321, 3.1 and 3.2: one bit, zeros, and the length of the content in bits at the end of a block. */
const PADDING = 0x80;
const LENGTH_BYTES = 8;

/** Bytes with which a message goes on, and who waits for them. */
export interface MessagePart {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
  /** @param md5 of the whole message, base64, when this was its last part; empty otherwise */
  readonly done: (md5: string) => void;
}

/** One MD5 on its way: what of it comes next in whole blocks, wherever its parts begin and end. */
export class Md5Message {
  /** What the blocks until now came to. */
  readonly state = Uint32Array.from(FIRST_STATE);
  readonly #parts: MessagePart[] = [];
  #partsDone = 0;
  /** Of the first part, bytes. */
  #taken = 0;
  /** Of the parts that are done, bytes. */
  #length = 0;
  /** What fills no block yet; at the end with the padding, which may take a second one. */
  readonly #rest = new Uint8Array(2 * BLOCK_BYTES);
  #restBytes = 0;
  #isPadded = false;
  /** Where the next blocks are, and how many. */
  #source: Uint8Array = this.#rest;
  #from = 0;
  #blocks = 0;

  /** How many blocks can be taken at once, after `prepare`. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Parts of which nothing is left. */
  get partsDone(): number {
    return this.#partsDone;
  }

  /** @returns whether it waits for no other part: the caller goes on with `prepare` */
  add(part: MessagePart): boolean {
    return this.#parts.push(part) === 1;
  }

  /** The next blocks. @param count at most `blocks` */
  next(count: number): Uint8Array {
    return this.#source.subarray(this.#from, this.#from + count * BLOCK_BYTES);
  }

  /** So many blocks were taken. @returns whether there are more, as `prepare` does */
  advance(count: number): boolean {
    const bytes = count * BLOCK_BYTES;
    this.#from += bytes;
    this.#blocks -= count;
    if (this.#source !== this.#rest) this.#taken += bytes;
    return this.#blocks > 0 || this.prepare();
  }

  /**
   * Finds the next blocks, and tells those whose parts have none left.
   *
   * @returns whether there are any; otherwise it waits for another part, or is over
   */
  prepare(): boolean {
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      if (this.#findBlocks(part)) return true;
      this.#parts.shift();
      this.#length += part.bytes.length;
      this.#partsDone++;
      this.#taken = 0;
      part.done(part.isLast ? Buffer.from(this.state.buffer).toString("base64") : "");
    }
    return false;
  }

  /** What it has come to, as a message of its own. To be called when a part is done, before another is taken. */
  fork(): Md5Message {
    const fork = new Md5Message();
    fork.state.set(this.state);
    fork.#rest.set(this.#rest);
    fork.#restBytes = this.#restBytes;
    fork.#length = this.#length;
    return fork;
  }

  /** Nobody wants it any more: nobody waits for its parts for ever, and nobody gets an MD5. */
  drop(): void {
    for (const { isLast, done } of this.#parts.splice(0)) if (!isLast) done("");
  }

  #findBlocks({ bytes, isLast }: MessagePart): boolean {
    const left = bytes.length - this.#taken;
    if (this.#restBytes === 0 && left >= BLOCK_BYTES) {
      this.#offer(bytes, this.#taken, Math.floor(left / BLOCK_BYTES));
      return true;
    }
    const moved = Math.min(left, BLOCK_BYTES - this.#restBytes);
    this.#rest.set(bytes.subarray(this.#taken, this.#taken + moved), this.#restBytes);
    this.#taken += moved;
    this.#restBytes += moved;
    if (this.#restBytes === BLOCK_BYTES) {
      this.#restBytes = 0;
      this.#offer(this.#rest, 0, 1);
      return true;
    }
    if (!isLast || this.#isPadded) return false;
    this.#pad(this.#length + bytes.length);
    return true;
  }

  #offer(source: Uint8Array, from: number, blocks: number): void {
    this.#source = source;
    this.#from = from;
    this.#blocks = blocks;
  }

  /** @param length of the message, bytes */
  #pad(length: number): void {
    this.#isPadded = true;
    const blocks = this.#restBytes < BLOCK_BYTES - LENGTH_BYTES ? 1 : 2;
    this.#rest[this.#restBytes] = PADDING;
    this.#rest.fill(0, this.#restBytes + 1);
    const view = new DataView(this.#rest.buffer);
    const end = blocks * BLOCK_BYTES;
    // Of 64 bits, the lower half first; a length is exact up to 2^53 bytes.
    view.setUint32(end - LENGTH_BYTES, (length * 8) % 2 ** 32, true);
    view.setUint32(end - LENGTH_BYTES / 2, Math.floor(length / 2 ** 29) % 2 ** 32, true);
    this.#restBytes = 0;
    this.#offer(this.#rest, 0, blocks);
  }
}
