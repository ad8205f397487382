/**
 * `--partition auto`: the machine takes whichever partition is free. Free is what is not done and whose lease is
 * `available` or `broken`; `expired` is dead, and may be taken by a machine that has had steady contact with the service
 * for a while. What may be taken follows from the lease, not from the record's word.
 */
import { giftNumber } from "../core/sub-partition.ts";
import { Claim, type ClaimChecks, type ClaimContext, type PartitionFacts } from "./claim.ts";
import { isAllDone, type PartitionView, type RunView } from "./completion.ts";
import { isRefusal } from "./coordination-account.ts";
import {
  confirmGeneration,
  createOnce,
  findOrMakeManifest,
  type ManifestContext,
  reopenRun,
} from "./generation.ts";
import type { Manifest } from "./manifest.ts";

/** Steady contact for so long before the lease of a dead machine may be taken, ms. */
const STEADY_MS = 30_000;
/** Free partitions are tried in turn, so many of one list. */
const TRIES = 4;

export interface AutoOptions extends ManifestContext, Pick<ClaimContext, "serviceTime" | "holder"> {
  readonly generation: number;
  readonly newManifest: () => Manifest;
  readonly facts: (partition: number) => PartitionFacts;
  /** Files or work items of a partition, as far as a survey told: the largest go first. 0: it has no work items. */
  readonly size: (partition: number) => number;
  /** Whether something of a partition that is done is to be tried again here (`--retry-failed`). */
  readonly hasRetries: (partition: number) => boolean;
}

/** What is to be taken of what is free. */
export interface Want {
  /** Partitions that are not to be taken. */
  readonly held: ReadonlySet<number>;
  /** So many at once, at least 1. */
  readonly most: number;
  /** No more than what has so much together, in the unit of `size`: one large partition is worth many. Undefined: any. */
  readonly enough?: number | undefined;
}

/** A partition that was free, as it stood then, and the claim of it. */
export interface TakenPartition {
  readonly claim: Claim;
  readonly before: PartitionView;
}

export type Taken =
  | { readonly kind: "claims"; readonly taken: readonly TakenPartition[] }
  /** Others hold the rest. */
  | { readonly kind: "nothing-now" }
  | { readonly kind: "all-done" }
  /** The run was partitioned anew, or its manifest is gone. */
  | { readonly kind: "other-generation" };

/**
 * Takes free partitions that this machine does not hold.
 *
 * @param run as it was seen a moment ago: who was faster is noticed; undefined when there is no run
 * @throws what the calls and `facts.adopt` throw, when nothing was taken; the signal's reason
 */
export async function takePartitions(
  options: AutoOptions,
  run: RunView | undefined,
  { held, most, enough = Number.POSITIVE_INFINITY }: Want,
  signal: AbortSignal,
): Promise<Taken> {
  if (run === undefined || run.read.manifest.generation !== options.generation) {
    return { kind: "other-generation" };
  }
  const free = run.partitions.filter((view) => !held.has(view.partition) && mayTake(options, view));
  const ordered = inOrder(options, free);
  for (let tries = 0, at = 0; tries < TRIES && at < ordered.length; tries++) {
    const batch = upTo(options, ordered.slice(at, at + most), enough);
    const taken = await takeThese(options, batch, signal);
    if (taken.length > 0) return { kind: "claims", taken };
    at += batch.length;
  }
  const isAll = free.length === 0 && isAllDone(run);
  return { kind: isAll ? "all-done" : "nothing-now" };
}

/** The first ones, until they have enough together; at least one. */
function upTo({ size }: AutoOptions, views: readonly PartitionView[], enough: number): PartitionView[] {
  let sum = 0;
  return views.filter(({ partition }, at) => {
    const isWanted = at === 0 || sum < enough;
    sum += size(partition);
    return isWanted;
  });
}

/** What one of them throws is told only when none was taken: a claim that is made must not be forgotten. */
async function takeThese(
  options: AutoOptions,
  views: readonly PartitionView[],
  signal: AbortSignal,
): Promise<TakenPartition[]> {
  const results = await Promise.allSettled(
    views.map(async (before) => ({ before, claim: await tryToTake(options, before, signal) })),
  );
  const taken = results.flatMap((result) => {
    const claim = result.status === "fulfilled" ? result.value.claim : undefined;
    return claim === undefined || result.status !== "fulfilled" ? [] : [{ ...result.value, claim }];
  });
  const failed = results.find((result) => result.status === "rejected");
  if (taken.length === 0 && failed !== undefined) throw failed.reason;
  return taken;
}

function mayTake(options: AutoOptions, { partition, lease, record }: PartitionView): boolean {
  if (giftNumber(partition) === 0 && options.size(partition) === 0) return false;
  if (record?.state === "done" && !options.hasRetries(partition)) return false;
  if (lease === "available" || lease === "broken") return true;
  return lease === "expired" && options.serviceTime.steadyMs >= STEADY_MS;
}

/**
 * What somebody has begun comes first, so that a dead machine's partition does not wait for all the others; then the
 * largest. Machines begin at different places among those of one size class, so that they seldom meet.
 */
function inOrder({ size, surroundings }: AutoOptions, free: readonly PartitionView[]): PartitionView[] {
  const keyed = free.map((view) => ({
    view,
    begun: view.record === undefined ? 0 : 1,
    // Within a factor of 1.2 partitions count as of one size.
    class: Math.round(Math.log(1 + size(view.partition)) / Math.log(1.2)),
    chance: surroundings.random(),
  }));
  return keyed
    .toSorted((a, b) => b.begun - a.begun || b.class - a.class || a.chance - b.chance)
    .map(({ view }) => view);
}

async function tryToTake(
  options: AutoOptions,
  { partition, lastModified }: PartitionView,
  signal: AbortSignal,
): Promise<Claim | undefined> {
  const { generation, names } = options;
  const name = names.record(generation, partition);
  const checks: ClaimChecks = {
    async afterAcquire(during) {
      const { manifest } = await findOrMakeManifest(options, options.newManifest, during);
      if (manifest.generation !== generation) throw new OtherGeneration();
    },
    hasRetries: () => options.hasRetries(partition),
    // What is found is this state's own, and asks for the partition then.
    mayFindMore: () => false,
    async reopen(during) {
      const isOpen = await reopenRun(options, options.newManifest, generation, during);
      if (!isOpen) throw new OtherGeneration();
    },
  };
  const context: ClaimContext = {
    ...options,
    confirmGeneration: async (during) => confirmGeneration(options, generation, during),
    makeGift: async (gift, during) => {
      const { body } = await options.facts(gift).checkpoint();
      await createOnce(options, names.record(generation, gift), body, {}, during);
    },
  };
  try {
    // One that was listed is there.
    if (lastModified === undefined) await createOnce(options, name, new Uint8Array(), {}, signal);
    const place = { partition, name, facts: options.facts(partition) };
    const taken = await Claim.take(context, place, checks, signal);
    return taken instanceof Claim ? taken : undefined;
  } catch (thrown) {
    const isLate =
      isRefusal(thrown, "LeaseAlreadyPresent", "BlobNotFound") || thrown instanceof OtherGeneration;
    if (isLate) return undefined;
    throw thrown;
  }
}

class OtherGeneration extends Error {}
