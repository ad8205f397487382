import { type AttemptFigures, sumFigures } from "../azure/azure.ts";
import type { Announcer } from "../announce/announcer.ts";
import { errorMessageText } from "../core/errors.ts";
import type { CatalogFile } from "../core/file.ts";
import type { WorkSignals } from "../core/waits.ts";
import { type Cancel, every, type Surroundings } from "../surroundings/surroundings.ts";
import type { Transfer, TransferResult } from "../transfer/transfer.ts";
import { MainCarrier } from "./main-carrier.ts";
import { MainShare } from "./main-share.ts";
import type { AnnounceResult } from "./protocol.ts";
import { SlotThread, ThreadDied } from "./slot-thread.ts";
import { ThreadCount, type ThreadLoad, type ThreadOutlook } from "./thread-count.ts";
import type { Carrier, ThreadEvents, ThreadPort } from "./workers.ts";

/** How often the carriers are looked at, ms. */
const LOOK_MS = 100;
/** After so many deaths within this time a dead thread is not replaced, ms. */
const DEATHS = 3;
const DEATHS_WITHIN_MS = 60_000;
/** A call that met the death of so many threads is made in the main thread. */
const DEATHS_OF_A_CALL = 2;

export interface SlotThreadsOptions {
  readonly surroundings: Surroundings;
  /** What the main thread carries calls with. */
  readonly transfer: Transfer;
  readonly announcer: Announcer | undefined;
  /** As `TransferSettings.replaces`. */
  readonly replaces: ((blobName: string) => boolean) | undefined;
  /** Starts a thread that serves calls (`serveSlots`). */
  readonly start: () => ThreadPort;
  /** Threads in all, the main one included; `auto` finds how many pay. */
  readonly threads: number | "auto";
  /** `auto` uses no more. */
  readonly most: number;
  /** What the services' side of the run tells; for `auto`. */
  readonly load: () => Pick<ThreadLoad, "answers" | "heldMs">;
  /** Asked once a second while the carriers are busy; for `auto`. Left out: nothing speaks against another thread. */
  readonly outlook?: () => ThreadOutlook;
  readonly events: ThreadEvents;
}

/**
 * A `Transfer` and an `Announcer` over all carriers: each call goes to the one with the fewest under way. The main thread's
 * weigh more, as far as it has work of its own (`MainShare`).
 *
 * A thread that dies is replaced, and its calls are made again by another carrier: a transfer that had taken effect finds
 * its blob (`already-there`), an announcement may be sent twice, as after a crash. After three deaths within a minute no
 * more are replaced; the main thread carries what the others cannot. A call that met two deaths is made in the main
 * thread.
 */
export class SlotThreads implements Transfer, Announcer {
  readonly #options: SlotThreadsOptions;
  readonly #main: MainCarrier;
  readonly #count: ThreadCount | undefined;
  /** How many there should be besides the main one. */
  #wanted: number;
  #threads: SlotThread[] = [];
  /** Given back: they finish what they have. */
  readonly #leaving = new Set<SlotThread>();
  readonly #deaths: number[] = [];
  /** Of threads that are gone. */
  #past = sumFigures([]);
  #pastHeldMs = 0;
  readonly #endLooks: Cancel;
  readonly #share = new MainShare();
  #activeMs = 0;
  #lookedAt: number;

  constructor(options: SlotThreadsOptions) {
    this.#options = options;
    const { surroundings, threads, most } = options;
    this.#main = new MainCarrier(options);
    this.#lookedAt = surroundings.monotonic();
    this.#count = threads === "auto" ? new ThreadCount(surroundings.monotonic(), most) : undefined;
    this.#wanted = threads === "auto" ? 0 : threads - 1;
    this.#fill();
    this.#endLooks = every(surroundings, LOOK_MS, () => this.#look(), { background: true });
  }

  /** For how long a carrier was at work, the mean over all of them, ms; it only grows. */
  get activeMs(): number {
    return this.#activeMs;
  }

  /** `auto` tries one thread more, and has not judged it yet. */
  get isTrying(): boolean {
    return this.#count?.isTrying ?? false;
  }

  /** Counted in all threads but the main one since the beginning. */
  get figures(): AttemptFigures {
    return sumFigures([this.#past, ...[...this.#threads, ...this.#leaving].map(({ figures }) => figures)]);
  }

  /** For how long calls of all threads but the main one waited for memory, all together, ms; it only grows. */
  get heldMs(): number {
    const all = [...this.#threads, ...this.#leaving];
    return all.reduce((sum, { heldMs }) => sum + heldMs, this.#pastHeldMs);
  }

  transfer(file: CatalogFile, blobName: string, signals: WorkSignals): Promise<TransferResult> {
    return this.#carry((carrier) => carrier.transfer(file, blobName, signals), signals);
  }

  announce(blobName: string, signals: WorkSignals): Promise<AnnounceResult> {
    return this.#carry((carrier) => carrier.announce(blobName, signals), signals);
  }

  /** Ends the threads, with whatever they do. */
  async close(): Promise<void> {
    this.#endLooks();
    this.#wanted = 0;
    await Promise.all([...this.#threads, ...this.#leaving].map(async (thread) => this.#stop(thread)));
  }

  async #carry<T>(call: (carrier: Carrier) => Promise<T>, { signal }: WorkSignals): Promise<T> {
    for (let deaths = 0; ; deaths++) {
      try {
        return await call(deaths < DEATHS_OF_A_CALL ? this.#choose() : this.#main);
      } catch (thrown) {
        if (!(thrown instanceof ThreadDied)) throw thrown;
        signal.throwIfAborted();
      }
    }
  }

  #choose(): Carrier {
    let best: SlotThread | undefined;
    for (const thread of this.#threads) {
      if (thread.state !== "ready") continue;
      if (best === undefined || thread.underWay < best.underWay) best = thread;
    }
    if (best === undefined) return this.#main;
    return this.#share.takes(this.#main.underWay, best.underWay) ? this.#main : best;
  }

  #look(): void {
    const others = this.#threads.map((thread) => thread.look());
    const ofOthers = others.reduce((sum, ms) => sum + ms, 0);
    this.#activeMs += (this.#main.look() + ofOthers) / (1 + others.length);
    const now = this.#options.surroundings.monotonic();
    const wholeMs = others.length * (now - this.#lookedAt);
    if (wholeMs > 0) this.#share.look(this.#main.busy, ofOthers / wholeMs);
    this.#lookedAt = now;
    for (const thread of this.#leaving) if (thread.underWay === 0) void this.#stop(thread);
    const underWay = this.#threads.reduce((sum, thread) => sum + thread.underWay, this.#main.underWay);
    const { load, outlook, events } = this.#options;
    const change = this.#count?.look(now, { ...load(), activeMs: this.#activeMs }, underWay, outlook);
    if (change === undefined) return;
    this.#wanted = change.to - 1;
    this.#fill();
    events.onChange(change);
  }

  /** Starts threads until there are as many as there should be, or gives some back. */
  #fill(): void {
    while (this.#threads.length < this.#wanted) {
      try {
        this.#threads.push(this.#start());
      } catch (thrown) {
        // The system gives no more of them.
        this.#wanted = this.#threads.length;
        const why = errorMessageText(thrown);
        this.#options.events.onDeath({ why, underWay: 0, isReplaced: false });
      }
    }
    for (const thread of this.#threads.splice(this.#wanted)) this.#leaving.add(thread);
  }

  #start(): SlotThread {
    const thread: SlotThread = new SlotThread(this.#options.start(), {
      replaces: this.#options.replaces,
      onDeath: (death, underWay) => this.#lose(thread, death, underWay),
    });
    return thread;
  }

  #lose(thread: SlotThread, death: ThreadDied, underWay: number): void {
    this.#forget(thread);
    const now = this.#options.surroundings.monotonic();
    this.#deaths.push(now);
    const isReplaced = this.#deaths.filter((at) => at > now - DEATHS_WITHIN_MS).length <= DEATHS;
    if (!isReplaced) {
      this.#wanted = Math.max(0, this.#wanted - 1);
      this.#count?.lose(now);
    }
    this.#fill();
    this.#options.events.onDeath({ why: death.why, underWay, isReplaced });
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
