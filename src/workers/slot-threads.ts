import type { AttemptFigures } from "../azure/azure.ts";
import type { WorkSignals } from "../core/waits.ts";
import type { Announced, Delivered, Delivery, DeliveryTask, OnTransferred } from "../delivery/delivery.ts";
import { type Cancel, every, type Surroundings } from "../surroundings/surroundings.ts";
import type { TransferredFile } from "../transfer/transfer.ts";
import { Crew } from "./crew.ts";
import { MainCarrier } from "./main-carrier.ts";
import { MainShare } from "./main-share.ts";
import { type SlotThread, ThreadDied } from "./slot-thread.ts";
import { ThreadCount, type ThreadLoad, type ThreadOutlook } from "./thread-count.ts";
import type { Carrier, ThreadEvents, ThreadPort } from "./workers.ts";

/** How often the carriers are looked at, ms. */
const LOOK_MS = 100;
/** A call that met the death of so many threads is made in the main thread. */
const DEATHS_OF_A_CALL = 2;

export interface SlotThreadsOptions {
  readonly surroundings: Surroundings;
  /** What the main thread carries calls with. */
  readonly delivery: Delivery;
  /** As `TransferSettings.replaces`. */
  readonly replaces: ((blobName: string) => boolean) | undefined;
  /** Starts a thread that serves calls (`serveSlots`). */
  readonly start: () => ThreadPort;
  /** Threads in all, the main one included; `auto` finds how many pay. */
  readonly threads: number | "auto";
  /** `auto` uses no more. */
  readonly most: number;
  /** As `CrewOptions.hangsAfterMs`. */
  readonly hangsAfterMs?: number;
  /** What the services' side of the run tells; for `auto`. */
  readonly load: () => Pick<ThreadLoad, "answers" | "heldMs">;
  /** Asked once a second while the carriers are busy; for `auto`. Left out: nothing speaks against another thread. */
  readonly outlook?: () => ThreadOutlook;
  readonly events: ThreadEvents;
}

/**
 * A `Delivery` over all carriers: each call goes to the one with the fewest under way. The main thread's
 * weigh more, as far as it has work of its own (`MainShare`).
 *
 * A thread that dies is replaced, and its calls are made again by another carrier: a transfer that had taken effect finds
 * its blob (`already-there`), an announcement may be sent twice, as after a crash. After three deaths within a minute no
 * more are replaced; the main thread carries what the others cannot. A call that met two deaths is made in the main
 * thread.
 */
export class SlotThreads implements Delivery {
  readonly announces: boolean;
  readonly #options: SlotThreadsOptions;
  readonly #main: MainCarrier;
  readonly #count: ThreadCount | undefined;
  /** Besides the main one. */
  readonly #crew: Crew;
  readonly #endLooks: Cancel;
  readonly #share = new MainShare();
  #activeMs = 0;
  #lookedAt: number;

  constructor(options: SlotThreadsOptions) {
    this.#options = options;
    const { surroundings, threads, most } = options;
    this.announces = options.delivery.announces;
    this.#main = new MainCarrier(options.delivery);
    this.#lookedAt = surroundings.monotonic();
    this.#count = threads === "auto" ? new ThreadCount(surroundings.monotonic(), most) : undefined;
    this.#crew = new Crew({
      ...options,
      onDeath: options.events.onDeath,
      onFewer: () => this.#count?.lose(surroundings.monotonic()),
    });
    this.#crew.resize(threads === "auto" ? 0 : threads - 1);
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
    return this.#crew.figures;
  }

  /** For how long calls of all threads but the main one waited for memory, all together, ms; it only grows. */
  get heldMs(): number {
    return this.#crew.heldMs;
  }

  async deliver(task: DeliveryTask, signals: WorkSignals, onTransferred?: OnTransferred): Promise<Delivered> {
    let result: TransferredFile | undefined;
    const note = (transferred: TransferredFile): void => {
      result = transferred;
      onTransferred?.(transferred);
    };
    return this.#carry(async (carrier) => {
      if (result === undefined) return carrier.deliver(task, signals, note);
      return { result, announced: await carrier.announce(task.blobName, signals) };
    }, signals);
  }

  announce(blobName: string, signals: WorkSignals): Promise<Announced> {
    return this.#carry((carrier) => carrier.announce(blobName, signals), signals);
  }

  /** Ends the threads, with whatever they do. */
  async close(): Promise<void> {
    this.#endLooks();
    await this.#crew.close();
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
    for (const thread of this.#crew.threads) {
      if (thread.state !== "ready") continue;
      if (best === undefined || thread.underWay < best.underWay) best = thread;
    }
    if (best === undefined) return this.#main;
    return this.#share.takes(this.#main.underWay, best.underWay) ? this.#main : best;
  }

  #look(): void {
    const others = this.#crew.look();
    const ofOthers = others.reduce((sum, ms) => sum + ms, 0);
    this.#activeMs += (this.#main.look() + ofOthers) / (1 + others.length);
    const now = this.#options.surroundings.monotonic();
    const wholeMs = others.length * (now - this.#lookedAt);
    if (wholeMs > 0) this.#share.look(this.#main.busy, ofOthers / wholeMs);
    this.#lookedAt = now;
    const underWay = this.#crew.threads.reduce((sum, one) => sum + one.underWay, this.#main.underWay);
    const { load, outlook, events } = this.#options;
    const change = this.#count?.look(now, { ...load(), activeMs: this.#activeMs }, underWay, outlook);
    if (change === undefined) return;
    this.#crew.resize(change.to - 1);
    // A thread that the system does not give is told as its death.
    if (1 + this.#crew.threads.length === change.to) events.onChange(change);
  }
}
