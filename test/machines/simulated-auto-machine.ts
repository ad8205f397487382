/** One machine of a simulated run with `--partition auto`: it takes free partitions until everything is done. */
import type { BlobNames } from "../../src/machines/blob-names.ts";
import { type AutoOptions, takePartitions } from "../../src/machines/auto-parts.ts";
import { giftNumber } from "../../src/core/sub-partition.ts";
import type { Claim, PartitionFacts } from "../../src/machines/claim.ts";
import { closeIfDone, viewRun } from "../../src/machines/completion.ts";
import { findOrMakeManifest } from "../../src/machines/generation.ts";
import type { Manifest } from "../../src/machines/manifest.ts";
import { readRunMoment } from "../../src/machines/run-moment.ts";
import { checkSettings } from "../../src/machines/start-fixed.ts";
import { sleep } from "../../src/surroundings/surroundings.ts";
import { type SimulatedDisk, SimulatedGifts } from "./simulated-gifts.ts";
import { type Place, SimulatedProcess } from "./simulated-process.ts";
import type { SimulatedTarget } from "./simulated-target.ts";

export interface AutoMachineOptions extends Place {
  readonly target: SimulatedTarget;
  readonly names: BlobNames;
  readonly newManifest: () => Manifest;
  readonly workItems: (partition: number) => readonly string[];
  readonly host: string;
  /** How long a work item takes at most, ms. */
  readonly itemMs: number;
  /** Before a work item begins, the half of the rest is given away with this probability. */
  readonly gives: number;
  /** Whether the process dies now, between the checkpoint that names a gift and the gift's own record. */
  readonly diesBetween: () => boolean;
}

const CHECKPOINT_MS = 15_000;
const LOOK_MS = 10_000;
const { signal: never } = new AbortController();

export class SimulatedAutoMachine extends SimulatedProcess {
  readonly options: AutoMachineOptions;
  readonly disk: SimulatedDisk;
  ending: string | undefined;
  /** The operator's Ctrl+C. */
  #isLeaving = false;
  readonly #held = new Map<number, Claim>();

  readonly #gifts: SimulatedGifts;

  constructor(options: AutoMachineOptions, disk: SimulatedDisk) {
    super(options);
    this.options = options;
    this.disk = disk;
    this.#gifts = new SimulatedGifts(disk, options.workItems);
  }

  leave(): void {
    this.#isLeaving = true;
  }

  async run(): Promise<void> {
    const { names, newManifest, host, workItems } = this.options;
    const context = { account: this.account, surroundings: this.own, names };
    const { manifest } = await findOrMakeManifest(context, newManifest, never);
    checkSettings(manifest, newManifest());
    const moment = await readRunMoment(context, {}, never);
    const options: AutoOptions = {
      ...context,
      serviceTime: this.serviceTime,
      holder: { host, pid: 1, stateId: host },
      generation: manifest.generation,
      newManifest,
      facts: (partition) => this.#facts(partition),
      size: (partition) => workItems(partition).length,
      hasRetries: () => false,
    };
    this.ending = await this.#work(options, moment);
  }

  #facts(partition: number): PartitionFacts {
    const facts = this.#gifts.facts(partition);
    return {
      adopt: async (body, epoch) => facts.adopt(body, epoch),
      checkpoint: async () => {
        // Of a partition that is not held only the first record is made.
        const isFirst = giftNumber(partition) > 0 && !this.disk.met.has(partition);
        if (!isFirst || !this.options.diesBetween()) return facts.checkpoint();
        this.kill();
        return new Promise(() => {});
      },
    };
  }

  async #work(options: AutoOptions, moment: number): Promise<string> {
    for (;;) {
      if (this.#isLeaving) return "left";
      const run = await viewRun(options, never);
      const want = { held: new Set(this.#held.keys()), most: 2 };
      const taken = await takePartitions(options, run, want, never);
      if (taken.kind === "claims") {
        const each = taken.taken.map(({ claim }) => this.#workOn(claim, options.generation, moment));
        await Promise.all(each);
      } else if (taken.kind === "other-generation") return "other generation";
      else if (taken.kind === "nothing-now") await sleep(this.own, LOOK_MS, never);
      else if ((await closeIfDone(options, options.generation, never)).isComplete) return "completed";
    }
  }

  async #workOn(claim: Claim, generation: number, moment: number): Promise<void> {
    const { target, itemMs, world } = this.options;
    const { partition, epoch, writerId } = claim;
    this.#held.set(partition, claim);
    const ended = new AbortController();
    const checkpoints = this.#keepCheckpoints(claim, ended.signal);
    for (let item = this.#next(partition); item !== undefined; item = this.#next(partition)) {
      this.#mayGive(claim);
      while (!claim.mayBegin && !claim.lost.aborted) await sleep(this.own, 500, never);
      if (claim.lost.aborted || this.#isLeaving) break;
      if (!this.isUnaware) target.begin({ generation, partition, item, epoch, writerId });
      await sleep(this.own, world.random() * itemMs, never);
      const since = target.upload(item);
      await sleep(this.own, world.random() * 200, never);
      if (since === undefined || since >= moment - 60_000) target.announce(item);
      else target.leaveUnannounced(item);
      this.disk.done.add(item);
    }
    ended.abort(new Error("done"));
    await checkpoints;
    await claim.finish(never);
    this.#held.delete(partition);
    this.#gifts.withdraw(partition);
  }

  #next(partition: number): string | undefined {
    return this.#gifts.itemsOf(partition).find((item) => !this.disk.done.has(item));
  }

  /** Gives away what it has not begun: all but the next one, at most. */
  #mayGive(claim: Claim): void {
    const { gives, world } = this.options;
    const { partition } = claim;
    const isTime = gives > 0 && claim.mayBegin && world.random() < gives;
    if (giftNumber(partition) > 0 || !isTime) return;
    const rest = this.#gifts.itemsOf(partition).filter((item) => !this.disk.done.has(item));
    this.#gifts.give(partition, rest.slice(1 + Math.floor((rest.length - 1) / 2)));
    claim.writeCheckpoint(never).catch(() => {});
  }

  async #keepCheckpoints(claim: Claim, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.own, CHECKPOINT_MS, signal).catch(() => {});
      if (!signal.aborted) await claim.writeCheckpoint(signal).catch(() => {});
    }
  }
}
