import { type AttemptFigures, sumFigures } from "../azure/azure.ts";
import { errorMessageText } from "../core/errors.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import { SlotThread, type ThreadDied } from "./slot-thread.ts";
import { type ThreadEvents, ThreadNotNeeded, type ThreadPort } from "./workers.ts";

/** After so many deaths within this time a dead thread is not replaced, ms. */
const DEATHS = 3;
const DEATHS_WITHIN_MS = 60_000;

export interface CrewOptions {
  readonly surroundings: Pick<Surroundings, "monotonic">;
  /** As `TransferSettings.replaces`. */
  readonly replaces: ((blobName: string) => boolean) | undefined;
  /** Starts a thread that serves calls (`serveSlots`). @throws ThreadNotNeeded; what the system says when it gives no more */
  readonly start: () => ThreadPort;
  /** A thread that is at work for so long without a rest and without a word is ended, ms; by default a minute. */
  readonly hangsAfterMs?: number | undefined;
  readonly onDeath: ThreadEvents["onDeath"];
  /** There is one thread fewer for good. */
  readonly onFewer: () => void;
}

/**
 * The threads besides the main one: as many as are wanted.
 *
 * One that dies is replaced, until three have died within a minute: then there is one fewer. One that is given back gets
 * no more calls and ends when it has answered those it has; if it dies before that, none takes its place.
 */
export class Crew {
  readonly #options: CrewOptions;
  #wanted = 0;
  #threads: SlotThread[] = [];
  /** Given back: they finish what they have. */
  readonly #leaving = new Set<SlotThread>();
  readonly #deaths: number[] = [];
  /** Of threads that are gone. */
  #past = sumFigures([]);
  #pastHeldMs = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Those that take calls. */
  get threads(): readonly SlotThread[] {
    return this.#threads;
  }

  /** Counted in all threads since the beginning. */
  get figures(): AttemptFigures {
    return sumFigures([this.#past, ...[...this.#threads, ...this.#leaving].map(({ figures }) => figures)]);
  }

  /** For how long calls of all threads waited for memory since the beginning, all together, ms. */
  get heldMs(): number {
    const all = [...this.#threads, ...this.#leaving];
    return all.reduce((sum, { heldMs }) => sum + heldMs, this.#pastHeldMs);
  }

  /** Starts threads until there are so many, or gives some back. Fewer when the system gives no more of them. */
  resize(wanted: number): void {
    this.#wanted = wanted;
    while (this.#threads.length < this.#wanted) {
      try {
        this.#threads.push(this.#start());
      } catch (thrown) {
        this.#wanted = this.#threads.length;
        if (thrown instanceof ThreadNotNeeded) continue;
        this.#options.onDeath({ why: errorMessageText(thrown), underWay: 0, isReplaced: false });
        this.#options.onFewer();
      }
    }
    for (const thread of this.#threads.splice(this.#wanted)) this.#leaving.add(thread);
  }

  /** To be called several times a second. @returns for how long each thread was at work since the last time, ms */
  look(): number[] {
    for (const thread of this.#leaving) {
      if (thread.underWay === 0) void this.#stop(thread);
      else thread.look();
    }
    return this.#threads.map((thread) => thread.look());
  }

  /** Ends the threads, with whatever they do. */
  async close(): Promise<void> {
    this.#wanted = 0;
    await Promise.all([...this.#threads, ...this.#leaving].map(async (thread) => this.#stop(thread)));
  }

  #start(): SlotThread {
    const thread: SlotThread = new SlotThread(this.#options.start(), {
      replaces: this.#options.replaces,
      hangsAfterMs: this.#options.hangsAfterMs,
      onDeath: (death, underWay) => this.#lose(thread, death, underWay),
    });
    return thread;
  }

  #lose(thread: SlotThread, { why }: ThreadDied, underWay: number): void {
    const wasLeaving = this.#leaving.has(thread);
    this.#forget(thread);
    const left = this.#threads.length;
    if (!wasLeaving && !this.#isOneTooMany()) this.resize(this.#wanted);
    else if (!wasLeaving) {
      this.resize(Math.max(0, this.#wanted - 1));
      this.#options.onFewer();
    }
    this.#options.onDeath({ why, underWay, isReplaced: this.#threads.length > left });
  }

  #isOneTooMany(): boolean {
    const now = this.#options.surroundings.monotonic();
    this.#deaths.push(now);
    return this.#deaths.filter((at) => at > now - DEATHS_WITHIN_MS).length > DEATHS;
  }

  async #stop(thread: SlotThread): Promise<void> {
    this.#forget(thread);
    await thread.stop();
  }

  #forget(thread: SlotThread): void {
    this.#leaving.delete(thread);
    this.#threads = this.#threads.filter((one) => one !== thread);
    this.#past = sumFigures([this.#past, thread.figures]);
    this.#pastHeldMs += thread.heldMs;
  }
}
