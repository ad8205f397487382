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
  /** W */
  readonly workItemWorkers: number;
  /** F */
  readonly fileWorkers: number;
  readonly batchSize: number;
}

/**
 * How many work items to claim and look up now; 0 while enough files are ready or on their way. Enough is one for each
 * idle slot, and half as many more as there are slots, so that a slot that gets free finds its next file there. When
 * it is less, it is filled up to one more for each slot, so that batches are worth asking for.
 */
export function workItemsToLookUp(demand: Demand): number {
  const { slots, filesPerWorkItem, workItemWorkers } = demand;
  const idle = slots - demand.slotsInUse;
  const filesEach = Math.max(1, filesPerWorkItem ?? demand.fileWorkers);
  const expected = demand.readyFiles + demand.beingLookedUp * filesEach;
  if (expected >= idle + slots / 2 || demand.lookupsUnderWay >= workItemWorkers) return 0;
  const wanted = Math.ceil((idle + slots - expected) / filesEach);
  // Before anything is known of their size, W work items are enough.
  const mayOpen =
    filesPerWorkItem === undefined ? Math.max(0, workItemWorkers - demand.openWorkItems) : wanted;
  return Math.min(demand.batchSize, wanted, mayOpen);
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
