/**
 * Work that a partition's owner has given away: some of its work items are a partition of their own, a *sub-partition*. Its
 * number tells its parent, so that it goes wherever a partition's number does. Only whole partitions give away.
 *
 * The *family* of a partition is all that has its hash: what it kept, and what it gave away. It never changes, so a work
 * item's place among the family's rows in key order means the same on every machine.
 */
import { isBitSet } from "./bitmap.ts";
import type { Checkpoint, OpenInCheckpoint } from "./checkpoint.ts";
import { newCheckpointStates, readCheckpointState, writeCheckpointState } from "./checkpoint-states.ts";
import { ReuploadError } from "./errors.ts";

/** More than there are partitions. */
const STEP = 2 ** 20;

/** What a checkpoint says of work that was given away: the parent's of all its gifts, a sub-partition's of itself. */
export interface Family {
  /** What the places are over. */
  readonly rows: Checkpoint["rows"];
  readonly gifts: readonly Gift[];
}

export interface Gift {
  /** The sub-partition. */
  readonly partition: number;
  /** One bit a work item of the family in key order, the lowest bit of a byte first. */
  readonly places: Uint8Array;
}

/** @param number from 1 */
export function subPartition(parent: number, number: number): number {
  return number * STEP + parent;
}

/** The partition that gave it away; a whole partition is its own. */
export function parentPartition(partition: number): number {
  return partition % STEP;
}

/** Which of its parent's gifts it is, from 1; 0 for a whole partition. */
export function giftNumber(partition: number): number {
  return Math.floor(partition / STEP);
}

/** Work items by whole partition, those that were given away too. @param sizes by partition and sub-partition */
export function familySizes(sizes: ReadonlyMap<number, number>): Map<number, number> {
  const whole = new Map<number, number>();
  for (const [partition, size] of sizes) {
    const parent = parentPartition(partition);
    whole.set(parent, (whole.get(parent) ?? 0) + size);
  }
  return whole;
}

/** As people read it: `12`, and `12-1` for the first gift of partition 12. */
export function partitionName(partition: number): string {
  const number = giftNumber(partition);
  return number === 0 ? String(partition) : `${parentPartition(partition)}-${number}`;
}

/** The sub-partitions that a partition's checkpoint names. */
export function giftsOf({ partition, family }: Pick<Checkpoint, "partition" | "family">): number[] {
  return giftNumber(partition) > 0 ? [] : (family?.gifts ?? []).map((gift) => gift.partition);
}

/**
 * The checkpoint of a family, as if nothing had been given away. What a missing sub-partition holds is pending.
 *
 * @param parent of a whole partition
 * @param subs those that are known; others of its gifts are missing
 * @throws ReuploadError `checkpoint-unusable` when they do not fit together
 */
export function joinFamily(parent: Checkpoint, subs: readonly Checkpoint[]): Checkpoint {
  const { family } = parent;
  if (family === undefined) return parent;
  const members = [parent, ...subs.filter(({ partition }) => giftsOf(parent).includes(partition))];
  const next = new Map(members.map(({ partition }) => [partition, 0]));
  const open = members.map((member) => new Map(member.open.map((one) => [one.place, one])));
  const states = newCheckpointStates(family.rows.count);
  const joined: OpenInCheckpoint[] = [];
  for (let place = 0; place < family.rows.count; place++) {
    const gift = family.gifts.find(({ places }) => isBitSet(places, place));
    const at = members.findIndex(({ partition }) => partition === (gift?.partition ?? parent.partition));
    const member = members[at];
    if (member === undefined) continue;
    const own = next.get(member.partition) ?? 0;
    next.set(member.partition, own + 1);
    writeCheckpointState(states, place, readCheckpointState(member.states, own));
    const known = open[at]?.get(own);
    if (known !== undefined) joined.push({ ...known, place });
  }
  if (members.some(({ partition, rows }) => next.get(partition) !== rows.count)) {
    throw new ReuploadError(
      "checkpoint-unusable",
      `the checkpoints of partition ${parent.partition} and of what it gave away do not fit together`,
    );
  }
  return { ...sumOf(members), rows: family.rows, states, open: joined };
}

/** Checkpoints of whole partitions, from those of all partitions and sub-partitions. @throws as `joinFamily` */
export function joinFamilies(checkpoints: readonly Checkpoint[]): Checkpoint[] {
  return checkpoints
    .filter(({ partition }) => giftNumber(partition) === 0)
    .map((parent) => joinFamily(parent, checkpoints));
}

function sumOf(members: readonly Checkpoint[]): Omit<Checkpoint, "rows" | "states" | "open" | "family"> {
  const sum = (count: (member: Checkpoint) => number) => members.reduce((all, one) => all + count(one), 0);
  return {
    partition: members[0]?.partition ?? 0,
    epoch: Math.max(...members.map(({ epoch }) => epoch)),
    empty: sum(({ empty }) => empty),
    failures: members.flatMap(({ failures }) => failures),
    files: {
      total: sum(({ files }) => files.total),
      done: sum(({ files }) => files.done),
      failed: sum(({ files }) => files.failed),
      skipped: sum(({ files }) => files.skipped),
      bytes: sum(({ files }) => files.bytes),
    },
  };
}
