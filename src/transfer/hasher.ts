import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { onAbort } from "../azure/azure.ts";
import { errorMessageText } from "../core/errors.ts";
import { HangWatch } from "../core/hang-watch.ts";
import { Numbered } from "../core/numbered.ts";
import { startThread } from "../surroundings/program-files.ts";
import { type Cancel, every, REAL_SURROUNDINGS, type Surroundings } from "../surroundings/surroundings.ts";
import { SHARED_FROM } from "./buffers.ts";
import { ContentMemory } from "./content-memory.ts";
import type { HashAnswer, HashRequest, HashThreadData } from "./hash-thread.ts";
import { type FileMd5, type Md5Maker, NativeMd5 } from "./md5.ts";
import { Md5Lanes } from "./md5-lanes.ts";

/** The thread that hashes is gone, and with it what it knew of files that came in pieces. */
export class HashThreadDied extends Error {
  constructor(cause: unknown) {
    super(`the thread that hashes ended: ${errorMessageText(cause)}`, { cause });
    this.name = "HashThreadDied";
  }
}

/** What the thread may use: it holds digests, and views of bytes that lie outside its heap. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/** How often it is looked whether the thread hangs, ms. */
const LOOK_MS = 500;

/** Bytes of long contents that are hashed here before lanes are worth their beginning: 30 ms of processor time. */
const LANES_HERE_AFTER = 32 * 2 ** 20;

export interface HasherOptions {
  /**
   * Contents of this length and longer are hashed by the other thread. To ask it costs this thread 20 us whatever the
   * length, to hash 128 KiB 170; at 64 KiB (85) a run on two cores got slower.
   */
  readonly fromBytes?: number;
  /** Where most content lies. */
  readonly memory?: ContentMemory;
  readonly surroundings?: Surroundings;
  /** Starts the thread: `hash-thread.ts`, or one that does the same. */
  readonly start?: (data: HashThreadData) => Worker;
  /** A thread that is at work for so long without a rest and without a word is ended, ms; by default a minute. */
  readonly hangsAfterMs?: number;
}

/**
 * MD5s of file content: in a thread of its own where there is more than one core and the bytes are many, so that this
 * thread is free for requests. One is enough: the more messages it has at once, the faster it hashes. It starts
 * when it is needed, and keeps no process alive while it is idle.
 * Should it die (a container may allow no more threads, or memory) or hang, everything is hashed here from then on.
 */
export class Hasher {
  readonly #fromBytes: number;
  readonly #memory: ContentMemory;
  readonly #options: HasherOptions;
  readonly #native = new NativeMd5();
  #lanes: Md5Maker | undefined;
  /** Bytes of long contents that were hashed here. */
  #longHere = 0;
  #thread: HashThread | undefined;

  constructor(options: HasherOptions = {}) {
    this.#fromBytes = options.fromBytes ?? (availableParallelism() > 1 ? SHARED_FROM : Infinity);
    this.#memory = options.memory ?? new ContentMemory(0);
    this.#options = options;
  }

  /** Base64; the bytes must stay as they are until the promise is settled. @throws the signal's reason */
  async md5(bytes: Buffer, signal: AbortSignal): Promise<string> {
    const thread = this.#threadFor(bytes.length);
    if (thread !== undefined) {
      try {
        return await thread.md5(bytes, signal);
      } catch (thrown) {
        if (!thread.isDead || signal.aborted) throw thrown;
      }
    }
    return this.#makerHere(bytes.length).md5(bytes);
  }

  /**
   * @param pieceBytes length of the pieces that will come
   * @returns what throws the signal's reason, or HashThreadDied: the file has to begin anew, and is hashed here then
   */
  begin(pieceBytes: number, signal: AbortSignal): FileMd5 {
    const thread = this.#threadFor(pieceBytes);
    return thread === undefined ? this.#makerHere(pieceBytes).begin() : new HashThere(thread, signal);
  }

  /**
   * One after the other, or in lanes where long contents come in numbers: in a thread that hashes what it carries. (Those
   * of 64 KiB gained nothing from lanes: few of them come at once.)
   */
  #makerHere(bytes: number): Md5Maker {
    if (bytes < SHARED_FROM) return this.#native;
    this.#longHere += bytes;
    if (this.#longHere < LANES_HERE_AFTER) return this.#native;
    this.#lanes ??= this.#openLanes();
    return this.#lanes;
  }

  #openLanes(): Md5Maker {
    const { wasm } = this.#memory;
    const scratch = this.#memory.takeScratch();
    const lanes = wasm === undefined || scratch === undefined ? undefined : Md5Lanes.open(wasm, scratch);
    return lanes ?? this.#native;
  }

  /** @returns undefined when it is not worth it, or when the thread has died */
  #threadFor(bytes: number): HashThread | undefined {
    if (bytes < this.#fromBytes) return undefined;
    this.#thread ??= new HashThread(this.#memory, this.#options);
    return this.#thread.isDead ? undefined : this.#thread;
  }
}

let files = 0;

/** Stays with the thread that knows its first pieces. */
class HashThere implements FileMd5 {
  readonly #thread: HashThread;
  readonly #signal: AbortSignal;
  readonly #file = files++;
  #isOver = false;

  constructor(thread: HashThread, signal: AbortSignal) {
    this.#thread = thread;
    this.#signal = signal;
  }

  async add(bytes: Buffer): Promise<string> {
    return this.#thread.piece(this.#file, bytes, this.#signal);
  }

  async end(): Promise<string> {
    this.#isOver = true;
    return this.#thread.end(this.#file, this.#signal);
  }

  [Symbol.dispose](): void {
    if (!this.#isOver) this.#thread.drop(this.#file);
  }
}

/** Without the id that the thread gives it. */
type Question = HashRequest extends infer R ? (R extends HashRequest ? Omit<R, "id"> : never) : never;

interface Asker {
  readonly resolve: (md5: string) => void;
  readonly reject: (error: Error) => void;
}

function startHashThread(workerData: HashThreadData): Worker {
  return startThread("transfer/hash-thread", { resourceLimits: THREAD_LIMITS, execArgv: [], workerData });
}

/** One worker and who waits for its answers. It is watched as long as anybody does. */
class HashThread {
  readonly #worker: Worker | undefined;
  readonly #asking = new Numbered<Asker>();
  readonly #memory: ContentMemory;
  readonly #surroundings: Surroundings;
  readonly #watch: HangWatch;
  #endLooks: Cancel | undefined;
  #asked = 0;
  #death: HashThreadDied | undefined;

  constructor(memory: ContentMemory, options: HasherOptions) {
    const { surroundings = REAL_SURROUNDINGS, start = startHashThread, hangsAfterMs } = options;
    this.#memory = memory;
    this.#surroundings = surroundings;
    this.#watch = new HangWatch(hangsAfterMs);
    try {
      this.#worker = start({ memory: memory.wasm, scratch: memory.takeScratch() });
    } catch (thrown) {
      this.#die(thrown);
      return;
    }
    this.#worker.unref();
    this.#worker.on("message", ({ id, md5 }: HashAnswer) => {
      this.#watch.heard();
      this.#take(id)?.resolve(md5);
    });
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`it exited with code ${code}`)));
  }

  get isDead(): boolean {
    return this.#death !== undefined;
  }

  async md5(bytes: Uint8Array, signal: AbortSignal): Promise<string> {
    return this.#ask({ what: "whole", content: this.#memory.find(bytes) ?? bytes }, signal);
  }

  async piece(file: number, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
    return this.#ask({ what: "piece", file, content: this.#memory.find(bytes) ?? bytes }, signal);
  }

  async end(file: number, signal: AbortSignal): Promise<string> {
    return this.#ask({ what: "end", file }, signal);
  }

  async #ask(question: Question, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (this.#death !== undefined) throw this.#death;
    const id = this.#asked++;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const stop = onAbort(signal, () => this.#take(id)?.reject(signal.reason as Error));
    // While somebody waits, the process may not end.
    if (this.#asking.size === 0) this.#worker?.ref();
    this.#asking.put(id, { resolve, reject });
    this.#endLooks ??= every(this.#surroundings, LOOK_MS, () => this.#look(), { background: true });
    this.#worker?.postMessage({ ...question, id });
    try {
      return await promise;
    } finally {
      stop();
    }
  }

  drop(file: number): void {
    if (this.#death !== undefined) return;
    this.#worker?.postMessage({ what: "drop", file, id: this.#asked++ });
    this.#watch.ending();
  }

  /** Ends the thread when it hangs, and the looks when nobody waits for it. */
  #look(): void {
    if (this.#worker === undefined || this.#asking.size === 0) return this.#stopLooking();
    this.#watch.look(this.#worker.performance.eventLoopUtilization());
    const { hang } = this.#watch;
    if (hang === undefined) return;
    void this.#worker.terminate();
    this.#die(hang);
  }

  #stopLooking(): void {
    this.#endLooks?.();
    this.#endLooks = undefined;
  }

  #take(id: number): Asker | undefined {
    const asker = this.#asking.take(id);
    if (asker !== undefined && this.#asking.size === 0) this.#worker?.unref();
    return asker;
  }

  #die(cause: unknown): void {
    this.#death ??= new HashThreadDied(cause);
    this.#stopLooking();
    for (const { reject } of this.#asking.takeAll()) reject(this.#death);
    this.#worker?.unref();
  }
}
