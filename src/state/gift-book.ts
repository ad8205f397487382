/**
 * Work that this machine gives away out of partitions that it holds: to be made a partition of its own, which any machine
 * may take (`core/sub-partition.ts`). The state knows nothing of other machines: who gives must tell them of it.
 */
export interface GiftBook {
  /**
   * The work items of a partition that may be given away: pending and never looked up, here or elsewhere. Empty when the
   * partition is not here, or is a sub-partition.
   *
   * @throws ReuploadError `disk-full`, `internal`
   */
  offerable(partition: number): {
    readonly workItems: number;
    /** As surveys told. */
    readonly files: number;
    /** Of those that no survey counted. */
    readonly uncounted: number;
  };

  /**
   * Deals those work items out, the largest first, each to where least is to be done: here, or in a new sub-partition. What
   * was given away is not this machine's any more: nothing claims it until its sub-partition is admitted. Committed when it
   * returns; on an error nothing has changed. An admission of the partition by a record that does not name them takes the
   * gifts back.
   *
   * @returns the new sub-partitions; fewer than `pieces` when there is not so much
   * @throws ReuploadError `disk-full`, `internal`
   */
  give(partition: number, split: GiftSplit): readonly number[];
}

export interface GiftSplit {
  readonly pieces: number;
  /** Files that are to be done here in any case. */
  readonly besides: number;
  /** Files of a work item that no survey counted. */
  readonly filesEach: number;
}
