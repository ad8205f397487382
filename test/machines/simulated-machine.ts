/**
 * One machine of a simulated run: the real coordination code over a bad network, a state that survives its death, and a
 * process that can be killed, stopped and cut off. Work items stand for files: put into the target, then announced.
 */
import { type Claim, type PartitionFacts } from "../../src/machines/claim.ts";
import { closeIfDone } from "../../src/machines/completion.ts";
import { type ReadManifest, readManifest, type SeenManifest } from "../../src/machines/generation.ts";
import { claimFixedPartition } from "../../src/machines/start-fixed.ts";
import { encodeSummary } from "../../src/machines/record.ts";
import { beginAgain } from "../../src/machines/begin-again.ts";
import { type NewRecord, type OldRecord, repartition } from "../../src/machines/repartition.ts";
import { readRunMoment } from "../../src/machines/run-moment.ts";
import type { BlobNames } from "../../src/machines/blob-names.ts";
import type { Manifest, RunSettings } from "../../src/machines/manifest.ts";
import { sleep } from "../../src/surroundings/surroundings.ts";
import { readDone, simulatedFacts, simulatedSummary } from "./simulated-facts.ts";
import { type Place, SimulatedProcess } from "./simulated-process.ts";
import type { SimulatedTarget } from "./simulated-target.ts";

/** What a machine keeps on its disk. */
export interface SimulatedState {
  readonly id: string;
  /** When it was made, by the machine's clock. */
  readonly madeAt: number;
  /** Completed work items. */
  done: Set<string>;
  epoch: number;
}

export interface MachineOptions extends Place {
  readonly target: SimulatedTarget;
  readonly names: BlobNames;
  readonly settings: RunSettings;
  readonly newManifest: () => Manifest;
  readonly workItems: (partition: number, total: number) => readonly string[];
  readonly partition: number;
  readonly host: string;
  readonly takeOver: boolean;
  /** `--repartition`: the settings name another total than the run has. */
  readonly repartition: boolean;
  /** A run of the whole CSV with a new state. */
  readonly beginsAgain: boolean;
  /** `--retry-failed`: a partition that is done is opened again. */
  readonly retries: boolean;
}

const ITEM_MS = 6_000;
const CHECKPOINT_MS = 15_000;

export class SimulatedMachine extends SimulatedProcess {
  readonly state: SimulatedState;
  readonly options: MachineOptions;
  /** How it ended: completed, finished its part, refused, lost; undefined while it runs, or when it was killed. */
  ending: string | undefined;
  /** Ctrl+C: what is in hand is finished. */
  isDraining = false;

  #manifest: Promise<ReadManifest | undefined> = Promise.resolve(undefined);

  constructor(options: MachineOptions, state: SimulatedState) {
    super(options);
    this.options = options;
    this.state = state;
  }

  /** Runs until it ends; never throws. */
  async run(): Promise<void> {
    try {
      this.ending = await this.#work();
    } catch (thrown) {
      this.ending = (thrown as { code?: string }).code ?? String(thrown);
      if (!EXPECTED.has(this.ending)) throw thrown;
    }
  }

  async #work(): Promise<string> {
    const { names, partition, host, settings, newManifest, takeOver } = this.options;
    const { account, serviceTime, own: surroundings } = this;
    const context = { account, serviceTime, surroundings, names };
    const { signal } = new AbortController();
    if (this.options.repartition) {
      const spread = async (old: readonly OldRecord[]) => this.#spread(old.map(({ body }) => body));
      await repartition({ ...context, newManifest, settings, spread, onWait: () => {} }, signal);
    }
    let seen: SeenManifest | undefined = this.options.repartition
      ? undefined
      : { manifest: await readManifest(context, signal) };
    if (this.options.beginsAgain) {
      const again = { ...context, newManifest, settings, seen, onWait: () => {} };
      if (await beginAgain(again, signal)) seen = undefined;
    }
    const started = await claimFixedPartition(
      {
        ...context,
        seen,
        holder: { host, pid: 1, stateId: this.state.id },
        partition,
        settings,
        newManifest,
        facts: this.#facts(settings.totalPartitions),
        takeOver,
        hasRetries: () => this.options.retries,
        mayFindMore: () => false,
        onWait: () => {},
      },
      signal,
    );
    const { generation } = started.manifest.manifest;
    if (started.claim !== undefined) {
      const { again } = started.manifest.manifest;
      const moment = await readRunMoment(context, { again }, signal);
      const end = await this.#workOn(started.claim, moment, generation);
      if (end !== undefined) return end;
    }
    const { isComplete } = await closeIfDone(context, generation, signal, await this.#manifest);
    return isComplete ? "completed" : "part done";
  }

  /** @returns why it ends early */
  async #workOn(claim: Claim, moment: number, generation: number): Promise<string | undefined> {
    const surroundings = this.own;
    const { target, partition, settings, workItems, world } = this.options;
    const { signal } = new AbortController();
    const stopped = new AbortController();
    const checkpoints = this.#writeCheckpoints(claim, stopped.signal);
    let isLost = false;
    for (const item of workItems(partition, settings.totalPartitions)) {
      if (this.state.done.has(item)) continue;
      while (!claim.mayBegin && !claim.lost.aborted) await sleep(surroundings, 500, signal);
      isLost = claim.lost.aborted;
      if (isLost || this.isDraining) break;
      if (!this.isUnaware) {
        target.begin({ generation, partition, item, epoch: claim.epoch, writerId: claim.writerId });
      }
      await sleep(surroundings, world.random() * ITEM_MS, signal);
      const since = target.upload(item);
      await sleep(surroundings, world.random() * 200, signal);
      if (since === undefined || since >= moment - 60_000) target.announce(item);
      else target.leaveUnannounced(item);
      await sleep(surroundings, world.random() * 200, signal);
      this.state.done.add(item);
    }
    stopped.abort(new Error("the work has ended"));
    await checkpoints;
    if (isLost) {
      await claim.finish(signal);
      return "partition-lost";
    }
    // As the end of a part: the proof's manifest is read beside the last write.
    this.#manifest = readManifest({ ...this.options, account: this.account, surroundings: this.own }, signal);
    this.#manifest.catch(() => {});
    return (await claim.finish(signal)) ? undefined : "not told";
  }

  async #writeCheckpoints(claim: Claim, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.own, CHECKPOINT_MS, signal).catch(() => {});
      if (!signal.aborted) await claim.writeCheckpoint(signal).catch(() => {});
    }
  }

  /** The checkpoints of the new partitions: whatever was done before is done. */
  #spread(old: readonly Uint8Array[]): Map<number, NewRecord> {
    const { settings, workItems } = this.options;
    const done = new Set(old.flatMap((body) => readDone(body)));
    const partitions = Array.from({ length: settings.totalPartitions }, (_, partition) => {
      const mine = workItems(partition, settings.totalPartitions);
      const own = mine.filter((item) => done.has(item));
      const state = own.length === mine.length ? "done" : "left";
      const who = { host: "spread", pid: 0, stateId: "none", writerId: "none", epoch: 0, since: 0 };
      return [
        partition,
        {
          body: Buffer.from(JSON.stringify({ done: own })),
          metadata: encodeSummary({ state, ...who, ...simulatedSummary(mine.length, own.length) }),
        },
      ] as const;
    });
    return new Map(partitions);
  }

  #facts(total: number): PartitionFacts {
    const { partition, workItems } = this.options;
    return simulatedFacts(workItems(partition, total), this.state.done, (epoch) => {
      this.state.epoch = Math.max(this.state.epoch, epoch);
    });
  }
}

/** How a start may end when it is refused. */
const EXPECTED = new Set(["partition-held", "run-differs", "partition-lost"]);
