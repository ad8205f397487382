/**
 * Memory that is cut into pieces and put together again: a buddy allocator, whose pieces are powers of two long and join
 * their neighbours when both are free (Knuth, The Art of Computer Programming 1, 2.5). It is taken once and never let
 * go; pages that no piece has touched take no memory.
 */
export class Arena {
  readonly #memory: SharedArrayBuffer;
  readonly #bytes: number;
  /** Where the free pieces of each length begin. */
  readonly #free = new Map<number, Set<number>>();

  /**
   * @param bytes of which as much is used as powers of two from `smallest` on can be made of
   * @param smallest length of the shortest piece, bytes, a power of two
   * @param memory so many bytes or more
   */
  constructor(bytes: number, smallest: number, memory: SharedArrayBuffer = new SharedArrayBuffer(bytes)) {
    this.#memory = memory;
    this.#bytes = bytes;
    let at = 0;
    for (let length = 2 ** Math.floor(Math.log2(Math.max(1, bytes))); length >= smallest; length /= 2) {
      if (at + length > bytes) continue;
      this.#freeBlocks(length).add(at);
      at += length;
    }
  }

  /** @param length a power of two, `smallest` at least @returns undefined when no free piece is that long */
  take(length: number): Buffer | undefined {
    const at = this.#cut(length);
    return at === undefined ? undefined : Buffer.from(this.#memory, at, length);
  }

  /** Whether it came from `take` here. */
  has(piece: Buffer): boolean {
    return piece.buffer === this.#memory;
  }

  /** @param piece what `take` gave, whole */
  giveBack(piece: Buffer): void {
    let [at, { length }] = [piece.byteOffset, piece];
    // Those of one length begin at its multiples, so that a piece and its buddy differ in one bit.
    while (this.#freeBlocks(length).delete(at ^ length)) {
      at &= ~length;
      length *= 2;
    }
    this.#freeBlocks(length).add(at);
  }

  #cut(length: number): number | undefined {
    let found = length;
    while (this.#freeBlocks(found).size === 0) {
      found *= 2;
      if (found > this.#bytes) return undefined;
    }
    const [at = 0] = this.#freeBlocks(found);
    this.#freeBlocks(found).delete(at);
    for (let half = found / 2; half >= length; half /= 2) this.#freeBlocks(half).add(at + half);
    return at;
  }

  #freeBlocks(length: number): Set<number> {
    let those = this.#free.get(length);
    if (those === undefined) {
      those = new Set();
      this.#free.set(length, those);
    }
    return those;
  }
}
