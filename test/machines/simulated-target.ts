/** The target of a simulated run, and what must never happen there. */
import { giftNumber } from "../../src/core/sub-partition.ts";
import type { VirtualWorld } from "../support/virtual-surroundings.ts";

interface Begin {
  readonly generation: number;
  readonly partition: number;
  readonly item: string;
  readonly epoch: number;
  readonly writerId: string;
}

export class SimulatedTarget {
  readonly violations: string[] = [];
  readonly announced = new Set<string>();
  /** Announcements that were made again. */
  repeats = 0;
  readonly #world: VirtualWorld;
  /** When each was put there, ms since the epoch, cut to seconds as `Last-Modified` is. */
  readonly #uploaded = new Map<string, number>();
  /** The newest claim that began work, by generation and partition. */
  readonly #newest = new Map<string, Begin>();
  /** By generation and work item, the sub-partition that it was begun in. */
  readonly #given = new Map<string, number>();
  #generation = 0;

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  /** A machine begins a work item: its claim must be the newest that has begun anything in the partition. */
  begin(begin: Begin): void {
    const key = `${begin.generation}/${begin.partition}`;
    const newest = this.#newest.get(key);
    const isOlder = newest !== undefined && newest.epoch > begin.epoch;
    const isTwin = newest?.epoch === begin.epoch && newest.writerId !== begin.writerId;
    if (isOlder || isTwin) {
      this.violations.push(
        `partition ${key}: the claim of epoch ${begin.epoch} began ${begin.item} after that of epoch ${newest?.epoch}`,
      );
    }
    this.#checkGiven(begin);
    if (begin.generation < this.#generation) {
      this.violations.push(`generation ${begin.generation} began work after ${this.#generation}`);
    }
    this.#generation = Math.max(this.#generation, begin.generation);
    if (!isOlder) this.#newest.set(key, begin);
  }

  /** What was begun in a sub-partition is never begun in another partition again. */
  #checkGiven({ item, partition, generation }: Begin): void {
    const sub = this.#given.get(`${generation}/${item}`);
    if (sub !== undefined && sub !== partition) {
      this.violations.push(`${item} of sub-partition ${sub} was begun in partition ${partition}`);
    }
    if (giftNumber(partition) > 0) this.#given.set(`${generation}/${item}`, partition);
  }

  /** @returns when it was put there before, undefined when this call did it */
  upload(item: string): number | undefined {
    const since = this.#uploaded.get(item);
    if (since === undefined) this.#uploaded.set(item, Math.floor(this.#world.now / 1000) * 1000);
    return since;
  }

  announce(item: string): void {
    if (this.announced.has(item)) this.repeats++;
    this.announced.add(item);
  }

  /** Taken for older than the run: right only for what was announced, as nothing is older here. */
  leaveUnannounced(item: string): void {
    if (!this.announced.has(item))
      this.violations.push(`${item} is taken for older than the run: nobody announces it`);
  }
}
