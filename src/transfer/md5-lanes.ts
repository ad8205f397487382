import { endianness } from "node:os";
import { SCRATCH_BYTES } from "./content-memory.ts";
import type { FileMd5, Md5Maker } from "./md5.ts";
import { Md5Message, type MessagePart } from "./md5-message.ts";
import {
  BLOCK_BYTES,
  type Compress,
  CONSTANTS,
  md5Module,
  STATE_BYTES,
  type Width,
  WIDTHS,
} from "./md5-module.ts";

/** What is done of each message before new ones are looked at, blocks: 64 KiB, which take 90 to 140 us. */
const STEP_BLOCKS = 1024;
const STEP_BYTES = STEP_BLOCKS * BLOCK_BYTES;
const MOST_LANES = 8;
/** In the scratch, behind states and constants: for each lane, what lies in no memory that the module reads. */
const FIRST_SLOT = SCRATCH_BYTES - MOST_LANES * STEP_BYTES;

/**
 * MD5s of up to eight messages at the same time (`md5-module.ts`). What comes while others are under way joins them at the
 * next step; each message is taken in its order, and one that has had a part goes behind those that wait.
 */
export class Md5Lanes implements Md5Maker {
  readonly #functions: ReadonlyMap<Width, Compress>;
  readonly #memory: Uint8Array;
  readonly #states: Uint32Array;
  readonly #scratch: number;
  /** Those that have blocks to take. */
  #waiting: Md5Message[] = [];
  #isScheduled = false;

  private constructor(memory: WebAssembly.Memory, scratch: number, functions: ReadonlyMap<Width, Compress>) {
    this.#memory = new Uint8Array(memory.buffer);
    this.#scratch = scratch;
    this.#functions = functions;
    this.#states = new Uint32Array(memory.buffer, scratch, STATE_BYTES / Uint32Array.BYTES_PER_ELEMENT);
    new Uint32Array(memory.buffer, scratch + STATE_BYTES).set(CONSTANTS);
  }

  /**
   * @param memory what lies there is hashed without a copy
   * @param scratch where `SCRATCH_BYTES` are that nobody else uses
   * @returns undefined where there is no WebAssembly with 128-bit registers (`--jitless`)
   */
  static open(memory: WebAssembly.Memory, scratch: number): Md5Lanes | undefined {
    if (endianness() !== "LE") return undefined;
    try {
      const module = new WebAssembly.Module(md5Module());
      const { exports } = new WebAssembly.Instance(module, { content: { memory } });
      const functions = WIDTHS.map((width) => [width, exports[`md5x${width}`] as Compress] as const);
      return new Md5Lanes(memory, scratch, new Map(functions));
    } catch {
      return undefined;
    }
  }

  async md5(bytes: Uint8Array): Promise<string> {
    return this.#take(new Md5Message(), bytes, true);
  }

  begin(): FileMd5 {
    const whole = new Md5Message();
    let isFirst = true;
    let isDropped = false;
    return {
      add: async (piece) => {
        if (isFirst) {
          isFirst = false;
          return this.#addFirst(whole, piece, () => isDropped);
        }
        const [, md5] = await Promise.all([this.#take(whole, piece, false), this.md5(piece)]);
        return md5;
      },
      end: async () => this.#take(whole, new Uint8Array(), true),
      [Symbol.dispose]: () => {
        isDropped = true;
        whole.drop();
        this.#waiting = this.#waiting.filter((one) => one !== whole);
      },
    };
  }

  /** Until the first piece is done its MD5 and that of the file are one: it is hashed once. */
  async #addFirst(whole: Md5Message, piece: Uint8Array, isDropped: () => boolean): Promise<string> {
    return new Promise((resolve) => {
      const done = (): void =>
        resolve(isDropped() ? this.md5(piece) : this.#take(whole.fork(), new Uint8Array(), true));
      this.#add(whole, { bytes: piece, isLast: false, done });
    });
  }

  async #take(message: Md5Message, bytes: Uint8Array, isLast: boolean): Promise<string> {
    return new Promise((done) => this.#add(message, { bytes, isLast, done }));
  }

  #add(message: Md5Message, part: MessagePart): void {
    if (!message.add(part) || !message.prepare()) return;
    this.#waiting.push(message);
    if (!this.#isScheduled) setImmediate(() => this.#run());
    this.#isScheduled = true;
  }

  #run(): void {
    this.#step();
    this.#isScheduled = this.#waiting.length > 0;
    if (this.#isScheduled) setImmediate(() => this.#run());
  }

  #step(): void {
    const lanes = this.#waiting.slice(0, MOST_LANES);
    const width = WIDTHS.find((one) => one >= lanes.length) ?? MOST_LANES;
    const blocks = lanes.reduce((least, message) => Math.min(least, message.blocks), STEP_BLOCKS);
    const addresses = lanes.map((message, lane) => this.#place(message.next(blocks), lane));
    // What a lane without a message does is not looked at.
    while (addresses.length < width) addresses.push(this.#scratch + FIRST_SLOT);
    for (const [lane, { state }] of lanes.entries()) {
      for (const [word, value] of state.entries()) this.#states[stateAt(lane, word)] = value;
    }
    this.#functions.get(width)?.(this.#scratch, blocks, ...addresses);
    const goingOn: Md5Message[] = [];
    const behind: Md5Message[] = [];
    for (const [lane, message] of lanes.entries()) {
      for (const word of message.state.keys()) {
        message.state[word] = this.#states[stateAt(lane, word)] ?? 0;
      }
      const before = message.partsDone;
      if (message.advance(blocks)) (message.partsDone === before ? goingOn : behind).push(message);
    }
    this.#waiting = [...goingOn, ...this.#waiting.slice(lanes.length), ...behind];
  }

  /** The address of the bytes, which are copied when they are not in the memory. */
  #place(bytes: Uint8Array, lane: number): number {
    if (bytes.buffer === this.#memory.buffer) return bytes.byteOffset;
    const at = this.#scratch + FIRST_SLOT + lane * STEP_BYTES;
    this.#memory.set(bytes, at);
    return at;
  }
}

/** Where a word of a lane's state is, in words; `STATE_BYTES` says how they lie. */
function stateAt(lane: number, word: number): number {
  return 16 * (lane >> 2) + 4 * word + (lane & 3);
}
