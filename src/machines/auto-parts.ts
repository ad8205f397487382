/**
 * `--partition auto`: the machine takes whichever partition is free. Free is what is not done and whose lease is
 * `available` or `broken`; `expired` is dead, and may be taken by a machine that has had steady contact with the service
 * for a while. What may be taken follows from the lease, not from the record's word.
 */
import { Claim, type ClaimChecks, type ClaimContext, type PartitionFacts } from "./claim.ts";
import { isAllDone, type PartitionView, type RunView, viewRun } from "./completion.ts";
import { isRefusal } from "./coordination-account.ts";
import { confirmGeneration, createOnce, findOrMakeManifest, type ManifestContext } from "./generation.ts";
import type { Manifest } from "./manifest.ts";

/** Steady contact for so long before the lease of a dead machine may be taken, ms. */
const STEADY_MS = 30_000;
/** Free partitions are tried in turn, so many of one list. */
const TRIES = 4;

export interface AutoOptions extends ManifestContext, Pick<ClaimContext, "serviceTime" | "holder"> {
  readonly generation: number;
  readonly newManifest: () => Manifest;
  readonly facts: (partition: number) => PartitionFacts;
  /** Files or work items of a partition, as far as a survey told: the largest go first. */
  readonly size: (partition: number) => number;
}

export type Taken =
  | { readonly kind: "claim"; readonly claim: Claim }
  /** Others hold the rest. */
  | { readonly kind: "nothing-now"; readonly run: RunView }
  | { readonly kind: "all-done"; readonly run: RunView }
  /** The run was partitioned anew, or its manifest is gone. */
  | { readonly kind: "other-generation" };

/**
 * Takes a free partition that this machine does not hold.
 *
 * @throws what the calls and `facts.adopt` throw; the signal's reason
 */
export async function takePartition(
  options: AutoOptions,
  held: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<Taken> {
  const run = await viewRun(options, signal);
  if (run === undefined || run.read.manifest.generation !== options.generation) {
    return { kind: "other-generation" };
  }
  const free = run.partitions.filter((view) => !held.has(view.partition) && mayTake(options, view));
  for (const { partition } of inOrder(options, free).slice(0, TRIES)) {
    const claim = await tryToTake(options, partition, signal);
    if (claim !== undefined) return { kind: "claim", claim };
  }
  return { kind: isAllDone(run) ? "all-done" : "nothing-now", run };
}

function mayTake({ serviceTime }: AutoOptions, { lease, record }: PartitionView): boolean {
  if (record?.state === "done") return false;
  if (lease === "available" || lease === "broken") return true;
  return lease === "expired" && serviceTime.steadyMs >= STEADY_MS;
}

/** The largest first; machines begin at different places among those of one size class, so that they seldom meet. */
function inOrder({ size, surroundings }: AutoOptions, free: readonly PartitionView[]): PartitionView[] {
  const keyed = free.map((view) => ({
    view,
    // Within a factor of 1.2 partitions count as of one size.
    class: Math.round(Math.log(1 + size(view.partition)) / Math.log(1.2)),
    chance: surroundings.random(),
  }));
  return keyed.toSorted((a, b) => b.class - a.class || a.chance - b.chance).map(({ view }) => view);
}

async function tryToTake(
  options: AutoOptions,
  partition: number,
  signal: AbortSignal,
): Promise<Claim | undefined> {
  const { generation, names } = options;
  const name = names.record(generation, partition);
  const checks: ClaimChecks = {
    async afterAcquire(during) {
      const { manifest } = await findOrMakeManifest(options, options.newManifest, during);
      if (manifest.generation !== generation) throw new OtherGeneration();
    },
    reopen: async () => false,
  };
  const context: ClaimContext = {
    ...options,
    confirmGeneration: async (during) => confirmGeneration(options, generation, during),
  };
  try {
    await createOnce(options, name, new Uint8Array(), {}, signal);
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
