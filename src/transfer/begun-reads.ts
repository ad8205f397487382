import type { Surroundings } from "../surroundings/surroundings.ts";
import { WaitingLine } from "./waiting-line.ts";

/** Of the limit: how much more than is free may be read, at the least and at the most; between them it is learned. */
const LEAST_BEYOND = 1 / 4;
const MOST_BEYOND = 4;
/** Of a read's length: by so much what may be read beyond changes with it. */
const STEP = 1 / 4;

/**
 * The reads that have begun and have no buffer yet. Such a read holds a connection, whose own memory is as large as a file of
 * 200 KiB and is not given back while the connection is kept. When its answer comes before a buffer is free, it holds that, and
 * pieces of the answer, for nothing. When it comes long after, buffers lie idle for as long as the source takes to answer.
 *
 * So reads begin for what is free and a part beyond: the part grows while answers find free memory and other reads wait to
 * begin, and shrinks while answers wait. A read that would be alone begins always.
 */
export class BegunReads {
  readonly #limit: number;
  readonly #free: () => number;
  readonly #line: WaitingLine<true>;
  #bytes = 0;
  #beyond: number;

  /**
   * @param limit bytes that may be held at once
   * @param free how many of them are not
   */
  constructor(surroundings: Pick<Surroundings, "monotonic">, limit: number, free: () => number) {
    this.#limit = limit;
    this.#free = free;
    this.#beyond = LEAST_BEYOND * limit;
    this.#line = new WaitingLine(surroundings, (bytes) => this.#admit(bytes));
  }

  /** What they are to read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long reads waited to begin, all together, ms; it only grows. */
  get heldMs(): number {
    return this.#line.heldMs;
  }

  /** Begins a read of so many bytes if it may begin now; `end` has to be called with as many. */
  beginNow(bytes: number): boolean {
    return this.#line.takeNow(bytes) === true;
  }

  /** The same, and waits until it may. @throws the signal's reason */
  async begin(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#line.take(bytes, signal);
  }

  /** It has its buffer, or has failed. */
  end(bytes: number): void {
    this.#bytes -= bytes;
    this.serve();
  }

  /** To be called when more is free. */
  serve(): void {
    this.#line.serve();
  }

  /**
   * An answer has come, and its read asks for a buffer.
   *
   * @param isFree it gets one at once
   * @param waiting bytes of the reads that wait for theirs, this one included
   */
  learn(bytes: number, isFree: boolean, waiting: number): void {
    const [least, most] = [LEAST_BEYOND * this.#limit, MOST_BEYOND * this.#limit];
    if (isFree && !this.#line.isEmpty) this.#beyond = Math.min(most, this.#beyond + STEP * bytes);
    else if (!isFree && waiting > least) this.#beyond = Math.max(least, this.#beyond - STEP * bytes);
  }

  #admit(bytes: number): true | undefined {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#free() + this.#beyond) return undefined;
    this.#bytes += bytes;
    return true;
  }
}
