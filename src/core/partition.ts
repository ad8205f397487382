import { sha256Bytes, uint32At } from "./sha256.ts";

/**
 * The partition that a work item belongs to: `jumpConsistentHash(uint64LE(sha256(utf8(workItemId))[0..8)), total)`.
 * Depends on the id alone, so it is the same on every machine, whatever the row order.
 *
 * @param workItemId the id, not empty
 * @param total number of partitions, a positive integer
 * @returns an integer in `[0, total)`
 */
export function choosePartition(workItemId: string, total: number): number {
  if (!Number.isSafeInteger(total) || total < 1) {
    throw new RangeError(`total partitions must be a positive integer, got ${total}`);
  }
  if (total === 1) return 0;
  const digest = sha256Bytes(workItemId);
  const key = (BigInt(uint32At(digest, 4)) << 32n) | BigInt(uint32At(digest, 0));
  return jumpConsistentHash(key, total);
}

/** Which share of the CSV a state holds: see `RunIdentity`. */
export interface Share {
  readonly partition: number | "auto";
  readonly totalPartitions: number;
}

/** Whether a share holds this work item; `auto` holds all of them. */
export function isInShare(workItemId: string, { partition, totalPartitions }: Share): boolean {
  return partition === "auto" || choosePartition(workItemId, totalPartitions) === partition;
}

const LCG_MULTIPLIER = 2862933555777941757n;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/**
 * Jump consistent hash (Lamping & Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014):
 * going from N to N+1 buckets moves 1/(N+1) of the keys, all of them to the new bucket.
 */
function jumpConsistentHash(key: bigint, buckets: number): number {
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    key = (key * LCG_MULTIPLIER + 1n) & MASK_64;
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(key >> 33n) + 1)));
  }
  return bucket;
}
