import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import type { Lookup } from "../catalog.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** How long the first request waits for others, ms. */
const GATHERING_MS = 20;

type LookUp = (workItems: readonly WorkItem[], signal: AbortSignal) => AsyncIterable<Lookup>;

/**
 * Requests for single work items that come at the same moment are asked together: the links of many work items end at
 * once.
 */
export class MergedLookups {
  readonly #surroundings: Surroundings;
  readonly #lookUp: LookUp;
  #gathering: Gathering | undefined;

  /** @param lookUp gives one answer for each work item */
  constructor(surroundings: Surroundings, lookUp: LookUp) {
    this.#surroundings = surroundings;
    this.#lookUp = lookUp;
  }

  /** @throws whatever `lookUp` throws; the signal's reason */
  async ask(workItem: WorkItem, signal: AbortSignal): Promise<Lookup> {
    signal.throwIfAborted();
    if (this.#gathering === undefined) {
      const gathering = new Gathering(this.#lookUp);
      this.#gathering = gathering;
      this.#surroundings.after(GATHERING_MS, () => {
        this.#gathering = undefined;
        void gathering.run();
      });
    }
    return this.#gathering.join(workItem, signal);
  }
}

interface Waiter {
  answer(lookup: Lookup): void;
  fail(reason: unknown): void;
}

/** Requests that are asked together, and who waits for them. */
class Gathering {
  readonly #lookUp: LookUp;
  readonly #asked = new Map<string, { readonly workItem: WorkItem; readonly waiters: Set<Waiter> }>();
  /** Ends the lookup when nobody waits any more. */
  readonly #unwanted = new AbortController();
  #isAsking = false;

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  async join(workItem: WorkItem, signal: AbortSignal): Promise<Lookup> {
    const key = workItemKey(workItem);
    const asked = this.#asked.get(key) ?? { workItem, waiters: new Set() };
    this.#asked.set(key, asked);
    const { promise, resolve, reject } = Promise.withResolvers<Lookup>();
    const waiter: Waiter = { answer: resolve, fail: reject };
    asked.waiters.add(waiter);
    const leave = (): void => {
      asked.waiters.delete(waiter);
      if (asked.waiters.size === 0) this.#asked.delete(key);
      if (this.#isAsking && this.#asked.size === 0) this.#unwanted.abort(signal.reason);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Asks for those who wait now. Never rejects. */
  async run(): Promise<void> {
    const workItems = Array.from(this.#asked.values(), ({ workItem }) => workItem);
    if (workItems.length === 0) return;
    this.#isAsking = true;
    try {
      for await (const lookup of this.#lookUp(workItems, this.#unwanted.signal)) {
        const key = workItemKey(lookup.workItem);
        for (const waiter of this.#asked.get(key)?.waiters ?? []) waiter.answer(lookup);
        this.#asked.delete(key);
      }
    } catch (thrown) {
      for (const { waiters } of this.#asked.values()) for (const waiter of waiters) waiter.fail(thrown);
    }
  }
}
