/** What a claim is told and asks for: the partition's facts, who holds it, and what a start looks at. */
import { isDeepStrictEqual } from "node:util";
import type { Surroundings } from "../surroundings/surroundings.ts";
import type { CoordinationAccount } from "./coordination-account.ts";
import type { Confirmation, Lease } from "./lease.ts";
import type { RecordSummary } from "./record.ts";
import type { ServiceTime } from "./service-time.ts";

/** How long a machine tries to write its last checkpoint before it leaves its lease to expire, ms. */
export const LAST_WORD_MS = 25_000;

/** The partition's facts as this machine's state has them. */
export interface PartitionFacts {
  /**
   * Takes over the facts of a record: a completed fact of either side stands, for the rest the higher epoch wins.
   *
   * @param body undefined when nothing was written yet
   * @throws ReuploadError when the record is over other rows than the state has, or cannot be read
   */
  adopt(body: Uint8Array | undefined, epoch: number): Promise<void>;
  /** The committed facts. */
  checkpoint(): Promise<{
    readonly body: Uint8Array;
    readonly summary: Omit<RecordSummary, "state" | keyof Holder | "writerId" | "epoch" | "since">;
    readonly isDone: boolean;
    /** The sub-partitions that the body names: work that was given away. */
    readonly gifts?: readonly number[];
  }>;
}

/** Who holds a partition, as others are told. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly stateId: string;
}

export interface ClaimContext {
  /** Tells `serviceTime` the date of each answer. */
  readonly account: CoordinationAccount;
  readonly serviceTime: ServiceTime;
  readonly surroundings: Surroundings;
  readonly holder: Holder;
  /** Says whether the manifest is still this generation's. */
  readonly confirmGeneration: (signal: AbortSignal) => Promise<Confirmation>;
  /** Makes the record of a sub-partition that an accepted checkpoint names, unless it is there. Undefined: none is named. */
  readonly makeGift?: ((gift: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** What a start looks at between the acquire of the lease and its first write. */
export interface ClaimChecks {
  /** Throws what forbids the claim, such as another generation. */
  readonly afterAcquire: (signal: AbortSignal) => Promise<void>;
  /** Whether something of a partition that is done is to be done again. */
  readonly hasRetries: () => boolean;
  /** Whether a look at the catalog may find more of a partition that is done. */
  readonly mayFindMore: () => boolean;
  /** Opens the run again, before anything of a partition that is done begins. */
  readonly reopen: (signal: AbortSignal) => Promise<void>;
}

/** What a claim of a partition that is done keeps until something is found to do. */
export interface Resting {
  readonly record: RecordSummary;
  readonly checks: ClaimChecks;
}

type Told = Pick<RecordSummary, "counts" | "failures" | "filesVanished" | "filesLeftOut">;

/** Whether a summary tells nothing new. */
export function isAsTold(now: Told, then: Told): boolean {
  const same = ({ counts, failures, filesVanished = 0, filesLeftOut = 0 }: Told) => ({
    counts,
    failures,
    filesVanished,
    filesLeftOut,
  });
  return isDeepStrictEqual(same(now), same(then));
}

/** Who has the partition by a record that is not the claim's own, in words. */
export function describeOther(summary: RecordSummary | undefined): string {
  return summary === undefined
    ? "its record was created again"
    : `it was taken over by ${summary.host} (process ${summary.pid})`;
}

/** What a claim is made of once its lease is acquired and its record read. */
export interface NewClaim {
  readonly partition: number;
  readonly name: string;
  readonly lease: Lease;
  readonly facts: PartitionFacts;
  readonly epoch: number;
  readonly etag: string;
}
