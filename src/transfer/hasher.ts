import { createHash, hash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { onAbort } from "../azure/azure.ts";
import { errorMessageText } from "../core/errors.ts";
import { Numbered } from "../core/numbered.ts";
import { startThread } from "../surroundings/program-files.ts";
import { SHARED_FROM } from "./buffers.ts";
import type { HashAnswer, HashRequest } from "./hash-thread.ts";

/** What the thread may use: it holds digests, and views of bytes that lie outside its heap. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };
/** A thread with so much to hash is helped by another when one more file in pieces begins, bytes. */
const HELPED_FROM = 8 * 2 ** 20;
/** One thread hashes 300 MB/s of such files: more than four are beyond what one process sends. */
const MOST_THREADS = 4;

/** The MD5 of a file that is read in pieces, and of each piece. */
export interface FileHash extends Disposable {
  /**
   * Takes the next piece, whose bytes must stay as they are until the promise is settled.
   *
   * @returns the base64 MD5 of the piece alone
   * @throws the signal's reason; an Error when the thread has died, that the file has to begin anew
   */
  add(piece: Buffer): Promise<string>;
  /** The base64 MD5 of all pieces in the order in which they were added. @throws as `add` does */
  end(): Promise<string>;
}

/**
 * MD5s of file content: in threads of their own where there is more than one core and the bytes are many, so that this
 * thread is free for requests. A thread starts when it is needed, at most one a core, and keeps no process alive while it
 * is idle. A file in pieces stays with one thread; large files are divided among them.
 * Should one die (a container may allow no more threads, or memory), everything is hashed here from then on.
 */
export class Hasher {
  readonly #fromBytes: number;
  readonly #most: number;
  readonly #threads: HashThread[] = [];

  /**
   * @param fromBytes contents of this length and longer are hashed by the other thread. To ask it costs this thread 20
   * us whatever the length, to hash 128 KiB 170; at 64 KiB (85) a run on two cores got slower.
   * @param most threads
   */
  constructor(
    fromBytes: number = availableParallelism() > 1 ? SHARED_FROM : Infinity,
    most: number = Math.min(availableParallelism(), MOST_THREADS),
  ) {
    this.#fromBytes = fromBytes;
    this.#most = most;
  }

  /** How many have been started. */
  get threads(): number {
    return this.#threads.length;
  }

  /** Base64; the bytes must stay as they are until the promise is settled. @throws the signal's reason */
  async md5(bytes: Buffer, signal: AbortSignal): Promise<string> {
    const thread = this.#threadFor(bytes.length, this.#threads.length === 0);
    if (thread !== undefined) {
      try {
        return await thread.ask({ what: "whole", bytes }, signal);
      } catch (thrown) {
        if (!thread.isDead || signal.aborted) throw thrown;
      }
    }
    return hash("md5", bytes, "base64");
  }

  /** @param pieceBytes length of the pieces that will come */
  begin(pieceBytes: number, signal: AbortSignal): FileHash {
    const isHelped =
      this.#threads.length < this.#most && this.#threads.every(({ load }) => load >= HELPED_FROM);
    const thread = this.#threadFor(pieceBytes, isHelped);
    return thread === undefined ? new HashHere() : new HashThere(thread, pieceBytes, signal);
  }

  /**
   * @param needsOne a thread is started for it
   * @returns undefined when it is not worth it, or when a thread has died
   */
  #threadFor(bytes: number, needsOne: boolean): HashThread | undefined {
    if (bytes < this.#fromBytes || this.#threads.some(({ isDead }) => isDead)) return undefined;
    if (needsOne) this.#threads.push(new HashThread());
    const free = this.#threads.reduce((one, other) => (other.load < one.load ? other : one));
    return free.isDead ? undefined : free;
  }
}

class HashHere implements FileHash {
  readonly #md5 = createHash("md5");

  async add(piece: Buffer): Promise<string> {
    this.#md5.update(piece);
    return hash("md5", piece, "base64");
  }

  async end(): Promise<string> {
    return this.#md5.digest("base64");
  }

  [Symbol.dispose](): void {}
}

let files = 0;

/** Stays with the thread that knows its first pieces. */
class HashThere implements FileHash {
  readonly #thread: HashThread;
  readonly #signal: AbortSignal;
  readonly #file = files++;
  readonly #pieceBytes: number;
  #isOver = false;

  constructor(thread: HashThread, pieceBytes: number, signal: AbortSignal) {
    this.#thread = thread;
    this.#pieceBytes = pieceBytes;
    this.#signal = signal;
    thread.load += pieceBytes;
  }

  async add(bytes: Buffer): Promise<string> {
    return this.#thread.ask({ what: "piece", file: this.#file, bytes }, this.#signal);
  }

  async end(): Promise<string> {
    this.#isOver = true;
    return this.#thread.ask({ what: "end", file: this.#file }, this.#signal);
  }

  [Symbol.dispose](): void {
    this.#thread.load -= this.#pieceBytes;
    if (!this.#isOver) this.#thread.drop(this.#file);
  }
}

/** Without the id that the thread gives it. */
type Question = HashRequest extends infer R ? (R extends HashRequest ? Omit<R, "id"> : never) : never;

interface Asker {
  readonly resolve: (md5: string) => void;
  readonly reject: (error: Error) => void;
}

/** One worker and who waits for its answers. */
class HashThread {
  /** What it has to hash, and a piece of each file that it knows, bytes. */
  load = 0;
  readonly #worker: Worker | undefined;
  readonly #asking = new Numbered<Asker>();
  #asked = 0;
  #death: Error | undefined;

  constructor() {
    try {
      this.#worker = startThread("transfer/hash-thread", { resourceLimits: THREAD_LIMITS, execArgv: [] });
    } catch (thrown) {
      this.#die(thrown);
      return;
    }
    this.#worker.unref();
    this.#worker.on("message", ({ id, md5 }: HashAnswer) => this.#take(id)?.resolve(md5));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`it exited with code ${code}`)));
  }

  get isDead(): boolean {
    return this.#death !== undefined;
  }

  async ask(question: Question, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (this.#death !== undefined) throw this.#death;
    const id = this.#asked++;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const stop = onAbort(signal, () => this.#take(id)?.reject(signal.reason as Error));
    // While somebody waits, the process may not end.
    if (this.#asking.size === 0) this.#worker?.ref();
    this.#asking.put(id, { resolve, reject });
    this.#worker?.postMessage({ ...question, id });
    const { length } = "bytes" in question ? question.bytes : { length: 0 };
    this.load += length;
    try {
      return await promise;
    } finally {
      this.load -= length;
      stop();
    }
  }

  drop(file: number): void {
    if (this.#death === undefined) this.#worker?.postMessage({ what: "drop", file, id: this.#asked++ });
  }

  #take(id: number): Asker | undefined {
    const asker = this.#asking.take(id);
    if (asker !== undefined && this.#asking.size === 0) this.#worker?.unref();
    return asker;
  }

  #die(cause: unknown): void {
    this.#death ??= new Error(`the thread that hashes ended: ${errorMessageText(cause)}`, { cause });
    for (const { reject } of this.#asking.takeAll()) reject(this.#death);
    this.#worker?.unref();
  }
}
