/** What the feeder goes by when it decides how many work items to look up next. */
export interface Demand {
  readonly slots: number;
  readonly slotsInUse: number;
  /** Files that wait for a slot. */
  readonly readyFiles: number;
  readonly openWorkItems: number;
  /** Of the open work items, those whose answer is awaited. */
  readonly beingLookedUp: number;
  readonly lookupsUnderWay: number;
  /** Files that a work item had of late; undefined before the first answer. */
  readonly filesPerWorkItem: number | undefined;
  /** Files that are done with while a lookup is under way, as it went of late. */
  readonly filesDuringLookup: number;
  /** W */
  readonly workItemWorkers: number;
  /** F */
  readonly fileWorkers: number;
  readonly batchSize: number;
}

/** How far ahead of the lookups' pace files are kept ready: a lookup may take twice as long as those before. */
const RESERVE = 2;

/** What is at hand for the slots, and what they need. */
export interface Supply {
  /** Files that are ready or on their way, as far as lookups of late tell. */
  readonly ahead: number;
  /** So many are enough. */
  readonly enough: number;
  readonly filesPerWorkItem: number;
}

/**
 * Enough is one file for each idle slot, half as many more as there are slots, so that a slot that gets free finds its
 * next file there, and those that the slots will have done with before a lookup is answered.
 */
export function supplyOf(demand: Demand): Supply {
  const { slots, fileWorkers } = demand;
  const filesPerWorkItem = Math.max(1, demand.filesPerWorkItem ?? fileWorkers);
  return {
    ahead: demand.readyFiles + demand.beingLookedUp * filesPerWorkItem,
    enough: slots - demand.slotsInUse + slots / 2 + RESERVE * demand.filesDuringLookup,
    filesPerWorkItem,
  };
}

/**
 * How many work items to claim and look up now; 0 while enough files are ready or on their way. What is asked for is a whole batch: few questions
 * are better than many, and a batch is what the catalog holds in memory anyway.
 */
export function workItemsToLookUp(demand: Demand): number {
  const { filesPerWorkItem, workItemWorkers } = demand;
  const { ahead, enough } = supplyOf(demand);
  if (ahead >= enough || demand.lookupsUnderWay >= workItemWorkers) return 0;
  // Before anything is known of their size, W work items are enough.
  const mayOpen =
    filesPerWorkItem === undefined ? Math.max(0, workItemWorkers - demand.openWorkItems) : Infinity;
  return Math.min(demand.batchSize, mayOpen);
}

/** How much the newest answer counts in the mean. */
const NEWEST_SHARE = 0.2;

/** The mean of recent values, undefined before the first. */
export class RecentMean {
  #mean: number | undefined;

  get value(): number | undefined {
    return this.#mean;
  }

  add(value: number): void {
    this.#mean = this.#mean === undefined ? value : this.#mean + NEWEST_SHARE * (value - this.#mean);
  }
}

/** Over how long a rate is told, ms: what was before weighs less and less. */
const RATE_MS = 2_000;

/** How often something happened of late, by exponential decay. */
export class RecentRate {
  #perMs = 0;
  #at: number;

  /** @param now monotonic ms */
  constructor(now: number) {
    this.#at = now;
  }

  add(now: number): void {
    this.#perMs = this.perMs(now) + 1 / RATE_MS;
    this.#at = now;
  }

  perMs(now: number): number {
    return this.#perMs * Math.exp((this.#at - now) / RATE_MS);
  }
}
