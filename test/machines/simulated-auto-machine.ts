/** One machine of a simulated run with `--partition auto`: it takes free partitions until everything is done. */
import type { BlobNames } from "../../src/machines/blob-names.ts";
import { type AutoOptions, takePartitions } from "../../src/machines/auto-parts.ts";
import type { Claim } from "../../src/machines/claim.ts";
import { closeIfDone, viewRun } from "../../src/machines/completion.ts";
import { findOrMakeManifest } from "../../src/machines/generation.ts";
import type { Manifest } from "../../src/machines/manifest.ts";
import { readRunMoment } from "../../src/machines/run-moment.ts";
import { checkSettings } from "../../src/machines/start-fixed.ts";
import { sleep } from "../../src/surroundings/surroundings.ts";
import { simulatedFacts } from "./simulated-facts.ts";
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
}

const CHECKPOINT_MS = 15_000;
const LOOK_MS = 10_000;
const { signal: never } = new AbortController();

export class SimulatedAutoMachine extends SimulatedProcess {
  readonly options: AutoMachineOptions;
  /** What its disk holds. */
  readonly done: Set<string>;
  ending: string | undefined;
  /** The operator's Ctrl+C. */
  #isLeaving = false;
  readonly #held = new Map<number, Claim>();

  constructor(options: AutoMachineOptions, done: Set<string>) {
    super(options);
    this.options = options;
    this.done = done;
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
      facts: (partition) => simulatedFacts(workItems(partition), this.done),
      size: (partition) => workItems(partition).length,
      hasRetries: () => false,
    };
    this.ending = await this.#work(options, moment);
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
      else if (await closeIfDone(options, options.generation, never)) return "completed";
    }
  }

  async #workOn(claim: Claim, generation: number, moment: number): Promise<void> {
    const { target, workItems, itemMs, world } = this.options;
    const { partition, epoch, writerId } = claim;
    this.#held.set(partition, claim);
    const ended = new AbortController();
    const checkpoints = this.#keepCheckpoints(claim, ended.signal);
    for (const item of workItems(partition)) {
      if (this.done.has(item)) continue;
      while (!claim.mayBegin && !claim.lost.aborted) await sleep(this.own, 500, never);
      if (claim.lost.aborted || this.#isLeaving) break;
      if (!this.isUnaware) target.begin({ generation, partition, item, epoch, writerId });
      await sleep(this.own, world.random() * itemMs, never);
      const since = target.upload(item);
      await sleep(this.own, world.random() * 200, never);
      if (since === undefined || since >= moment - 60_000) target.announce(item);
      else target.leaveUnannounced(item);
      this.done.add(item);
    }
    ended.abort(new Error("done"));
    await checkpoints;
    await claim.finish(never);
    this.#held.delete(partition);
  }

  async #keepCheckpoints(claim: Claim, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.own, CHECKPOINT_MS, signal).catch(() => {});
      if (!signal.aborted) await claim.writeCheckpoint(signal).catch(() => {});
    }
  }
}
