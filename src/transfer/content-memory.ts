/** The memory in which content lies while it passes: all threads read it, and so does the module that hashes. */

const PAGE_BYTES = 64 * 1024;
/** What each user of the module needs beside the content; where nobody writes it takes no memory. */
export const SCRATCH_BYTES = 9 * PAGE_BYTES;
/** The thread that hashes, and the one that carries. */
const SCRATCHES = 2;

/** Bytes of the memory, as another thread finds them. */
export interface Place {
  readonly begin: number;
  readonly length: number;
}

/**
 * Memory of a fixed length, taken once. It is WebAssembly's; where there is none, or where the system refuses the addresses that V8
 * wants for it (`ulimit -v`), it is ordinary shared memory.
 */
export class ContentMemory {
  /** The content is at its beginning. */
  readonly buffer: SharedArrayBuffer;
  /** undefined: the module cannot read it */
  readonly wasm: WebAssembly.Memory | undefined;
  #scratch: number;

  /** @param bytes of content */
  constructor(bytes: number) {
    this.#scratch = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    this.wasm = openMemory(this.#scratch + SCRATCHES * SCRATCH_BYTES);
    const buffer: unknown = this.wasm?.buffer;
    this.buffer = buffer instanceof SharedArrayBuffer ? buffer : new SharedArrayBuffer(bytes);
  }

  /** Where `SCRATCH_BYTES` begin that nobody else has. @returns undefined when there are no more */
  takeScratch(): number | undefined {
    const at = this.#scratch;
    if (this.wasm === undefined || at + SCRATCH_BYTES > this.buffer.byteLength) return undefined;
    this.#scratch += SCRATCH_BYTES;
    return at;
  }

  /** Where the module finds the bytes; undefined when they lie where it cannot read. */
  find(bytes: Uint8Array): Place | undefined {
    const isReadable = this.wasm !== undefined && bytes.buffer === this.buffer;
    return isReadable ? { begin: bytes.byteOffset, length: bytes.length } : undefined;
  }
}

/** @param bytes a multiple of a page */
function openMemory(bytes: number): WebAssembly.Memory | undefined {
  const pages = bytes / PAGE_BYTES;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    return undefined;
  }
}
