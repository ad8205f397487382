import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { Extent } from "./extents.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** Parts that are read before they are handed on, and before others get their turn: some 0.5 ms. */
const WINDOW = 128;
/** A read that took longer came from a disk, not from the system's cache. */
const SLOW_MS = 0.5;
/** Parts after a slow read that are asked for without waiting. */
const PATIENCE = 64;
const LF = 0x0a;

/** Some parts one after the other, each followed by a line feed. */
export interface Parts {
  readonly parts: readonly Extent[];
  /** Where the file ended too early there are line feeds instead. */
  readonly bytes: Buffer;
}

/**
 * Reads many small parts of a file. A read through the thread pool costs 15 to 30 us of CPU, the same read without
 * it 4, so that rows scattered over a listing are read directly as long as the system has them in its cache. Once a
 * read had to wait for a disk, the next ones go through the thread pool, side by side, and hold up nobody.
 */
export class PartReader {
  readonly #surroundings: Surroundings;
  readonly #handle: FileHandle;
  readonly #slowMs: number;
  #patience = 0;

  constructor(surroundings: Surroundings, handle: FileHandle, slowMs = SLOW_MS) {
    this.#surroundings = surroundings;
    this.#handle = handle;
    this.#slowMs = slowMs;
  }

  /** Gives the parts in their order, some at a time. */
  async *read(all: Iterable<Extent>, signal: AbortSignal): AsyncGenerator<Parts> {
    let parts: Extent[] = [];
    for (const part of all) {
      parts.push(part);
      if (parts.length < WINDOW) continue;
      yield await this.#window(parts, signal);
      await setImmediate();
      parts = [];
    }
    if (parts.length > 0) yield await this.#window(parts, signal);
    await setImmediate();
  }

  async #window(parts: readonly Extent[], signal: AbortSignal): Promise<Parts> {
    signal.throwIfAborted();
    const bytes = Buffer.allocUnsafe(parts.reduce((sum, { length }) => sum + length + 1, 0));
    const underWay: Promise<void>[] = [];
    let at = 0;
    for (const part of parts) {
      if (this.#patience > 0) underWay.push(this.#readLater(part, bytes, at));
      else this.#readNow(part, bytes, at);
      at += part.length + 1;
    }
    await Promise.all(underWay);
    return { parts, bytes };
  }

  #readNow({ offset, length }: Extent, bytes: Buffer, at: number): void {
    const start = this.#surroundings.monotonic();
    const read = readSync(this.#handle.fd, bytes, at, length, offset);
    if (this.#surroundings.monotonic() - start > this.#slowMs) this.#patience = PATIENCE;
    endPart(bytes, at + read, at + length);
  }

  async #readLater({ offset, length }: Extent, bytes: Buffer, at: number): Promise<void> {
    this.#patience--;
    const { bytesRead } = await this.#handle.read(bytes, at, length, offset);
    endPart(bytes, at + bytesRead, at + length);
  }
}

/** Puts line feeds where bytes are missing, and one behind the part. */
function endPart(bytes: Buffer, from: number, end: number): void {
  if (from < end) bytes.fill(LF, from, end);
  bytes[end] = LF;
}
