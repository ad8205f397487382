/** What the state of a simulated machine keeps of work that was given away, by the rules of `state/sqlite/families.ts`. */
import type { PartitionFacts } from "../../src/machines/claim.ts";
import { giftNumber, parentPartition, subPartition } from "../../src/core/sub-partition.ts";
import { simulatedSummary } from "./simulated-facts.ts";

interface GiftBody {
  readonly done: readonly string[];
  /** By sub-partition; of a sub-partition itself alone. */
  readonly gifts: Readonly<Record<string, readonly string[]>>;
}

/** The gifts that a body names. */
export function readGifts(body: Uint8Array): GiftBody["gifts"] {
  return (JSON.parse(Buffer.from(body).toString()) as GiftBody).gifts;
}

/** What a machine's disk holds; it outlives the machine. */
export class SimulatedDisk {
  readonly done = new Set<string>();
  /** Work items that were given away, and to which sub-partition. */
  readonly given = new Map<string, number>();
  /** Sub-partitions that were here once: a record names them. */
  readonly met = new Set<number>();

  copy(): SimulatedDisk {
    const copy = new SimulatedDisk();
    for (const item of this.done) copy.done.add(item);
    for (const [item, sub] of this.given) copy.given.set(item, sub);
    for (const sub of this.met) copy.met.add(sub);
    return copy;
  }
}

export class SimulatedGifts {
  readonly #disk: SimulatedDisk;
  readonly #workItems: (partition: number) => readonly string[];
  /** Whole partitions and sub-partitions that are held. */
  readonly #here = new Set<number>();

  /** @param workItems of a whole partition */
  constructor(disk: SimulatedDisk, workItems: (partition: number) => readonly string[]) {
    this.#disk = disk;
    this.#workItems = workItems;
  }

  /** The work items that count in this partition. */
  itemsOf(partition: number): string[] {
    const parent = parentPartition(partition);
    return this.#workItems(parent).filter((item) => (this.#disk.given.get(item) ?? parent) === partition);
  }

  /** Gives these away; the account is told by the next checkpoint. */
  give(parent: number, items: readonly string[]): void {
    const last = Math.max(0, ...this.#subsOf(parent).map(giftNumber));
    for (const item of items) this.#disk.given.set(item, subPartition(parent, last + 1));
  }

  withdraw(partition: number): void {
    this.#here.delete(partition);
  }

  facts(partition: number): PartitionFacts {
    return {
      adopt: async (body) => this.#adopt(partition, body),
      checkpoint: async () => {
        const mine = this.itemsOf(partition);
        const completed = mine.filter((item) => this.#disk.done.has(item));
        const subs = giftNumber(partition) === 0 ? this.#subsOf(partition) : [partition];
        const gifts = Object.fromEntries(subs.map((sub) => [sub, this.itemsOf(sub)]));
        return {
          body: Buffer.from(JSON.stringify({ done: completed, gifts } satisfies GiftBody)),
          isDone: completed.length === mine.length,
          summary: simulatedSummary(mine.length, completed.length),
          gifts: giftNumber(partition) === 0 ? subs : [],
        };
      },
    };
  }

  #adopt(partition: number, body: Uint8Array | undefined): void {
    const { done, given, met } = this.#disk;
    const gifts = body === undefined ? {} : readGifts(body);
    if (giftNumber(partition) === 0 && !this.#here.has(partition)) {
      for (const sub of this.#subsOf(partition)) if (gifts[sub] === undefined) this.#takeBack(sub);
    }
    for (const [sub, items] of Object.entries(gifts)) {
      for (const item of this.itemsOf(Number(sub))) if (!items.includes(item)) given.delete(item);
      for (const item of items) {
        const other = given.get(item);
        if (other !== undefined && other !== Number(sub)) this.#takeBack(other);
        given.set(item, Number(sub));
      }
    }
    if (body !== undefined) {
      for (const item of (JSON.parse(Buffer.from(body).toString()) as GiftBody).done) done.add(item);
    }
    this.#here.add(partition);
    if (giftNumber(partition) > 0) met.add(partition);
  }

  #takeBack(sub: number): void {
    const { given, met } = this.#disk;
    if (met.has(sub)) throw new Error(`sub-partition ${sub} was met, and no record names it`);
    for (const item of this.itemsOf(sub)) given.delete(item);
  }

  #subsOf(parent: number): number[] {
    const items = this.#workItems(parent);
    return [...new Set(items.flatMap((item) => this.#disk.given.get(item) ?? []))];
  }
}
