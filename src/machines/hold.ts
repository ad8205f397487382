/**
 * The lease of a partition without a claim: for `announce`, which changes none of the facts that the record tells. While
 * it is held, no machine works on the partition. The record stays as its last holder wrote it.
 */
import { sleep } from "../surroundings/surroundings.ts";
import type { Holder } from "./claim.ts";
import { closeIfDone } from "./completion.ts";
import { isRefusal } from "./coordination-account.ts";
import { confirmGeneration, findManifest, type ManifestContext } from "./generation.ts";
import { Lease, releaseLease } from "./lease.ts";
import type { RecordSummary } from "./record.ts";
import { untilAnswered } from "./repeated-calls.ts";
import type { ServiceTime } from "./service-time.ts";
import { LeaseLook } from "./start-fixed.ts";

const LOOK_AGAIN_MS = 2_000;

export interface HoldOptions extends ManifestContext {
  readonly serviceTime: ServiceTime;
  readonly holder: Holder;
  readonly partition: number;
  /** Of the state; in a run that was divided anew its partition is no more. */
  readonly totalPartitions: number;
  /** Of the state. */
  readonly csv: { readonly digest: string };
  readonly onWait: (holder: RecordSummary) => void;
}

export class Hold {
  readonly #options: HoldOptions;
  readonly #lease: Lease;
  readonly #name: string;
  readonly #generation: number;

  private constructor(options: HoldOptions, lease: Lease, name: string, generation: number) {
    this.#options = options;
    this.#lease = lease;
    this.#name = name;
    this.#generation = generation;
    lease.keep();
  }

  /**
   * @returns undefined when no machine can have the partition: there is no run, or it is divided otherwise, or nobody
   * began the partition
   * @throws ReuploadError `partition-held`, `coordination-damaged`; CoordinationRefusal; the signal's reason
   */
  static async take(options: HoldOptions, signal: AbortSignal): Promise<Hold | undefined> {
    const { account, surroundings, serviceTime, names, partition, totalPartitions } = options;
    const look = new LeaseLook({ ...options, takeOver: false, settings: { totalPartitions } });
    for (;;) {
      const found = await findManifest(options, signal);
      if (found?.manifest.totalPartitions !== totalPartitions) return undefined;
      const { generation } = found.manifest;
      const name = names.record(generation, partition);
      const record = await untilAnswered(surroundings, signal, async (call) => account.read(name, call));
      if (record === undefined) return undefined;
      if (!(await look.mayTry(name, signal))) continue;
      const confirm = async (during: AbortSignal) => confirmGeneration(options, generation, during);
      const place = { account, surroundings, name };
      try {
        const lease = await Lease.acquire({ ...place, serviceTime, confirm }, signal);
        // As a claim does: a repartition that began before lists the lease only after this read.
        const now = await findManifest(options, signal);
        if (now?.manifest.generation === generation) return new Hold(options, lease, name, generation);
        await releaseLease(place, lease.id);
      } catch (thrown) {
        if (!isRefusal(thrown, "LeaseAlreadyPresent", "BlobNotFound")) throw thrown;
      }
      await sleep(surroundings, LOOK_AGAIN_MS, signal);
    }
  }

  /** Whether a new announcement may begin now. */
  get mayBegin(): boolean {
    return this.#lease.state === "held";
  }

  /** Aborts when the partition is somebody else's; its reason is a PartitionLost. */
  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  /** Gives the lease back. A run whose last partition ended meanwhile is complete only now. */
  async end(signal: AbortSignal): Promise<void> {
    await this.#lease.end();
    if (this.lost.aborted) return;
    await releaseLease({ ...this.#options, name: this.#name }, this.#lease.id);
    await closeIfDone(this.#options, this.#generation, signal);
  }
}
