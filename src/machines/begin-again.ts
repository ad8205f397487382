/**
 * A run of the whole CSV that is started with a new state begins anew: its operator means so, as the former state would
 * be resumed otherwise. The run gets the next generation, which takes over nothing, in the way of a repartition.
 */
import type { BlobFacts } from "./coordination-account.ts";
import { readManifest, type SeenManifest } from "./generation.ts";
import { replaceCsv } from "./grown-csv.ts";
import type { Manifest } from "./manifest.ts";
import { decodeSummary } from "./record.ts";
import { type Repartition, repartition } from "./repartition.ts";
import { untilAnswered } from "./repeated-calls.ts";

/**
 * Does nothing when there is no run yet, when nobody has worked on it, while a machine holds it, and when it is a run with
 * partitions that is not complete: the claim that follows tells what stands in the way.
 *
 * @param context `seen`: the manifest as it was read a moment ago
 * @returns whether the run was begun anew
 * @throws as `repartition` does
 */
export async function beginAgain(
  context: Omit<Repartition, "spread" | "again"> & {
    readonly csv?: Manifest["csv"];
    readonly seen?: SeenManifest | undefined;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const { account, surroundings, names } = context;
  const { manifest: found } = context.seen ?? { manifest: await readManifest(context, signal) };
  if (found === undefined) return false;
  const { state, totalPartitions, generation } = found.manifest;
  if (state !== "closed" && totalPartitions !== 1) return false;
  const { blobs } = await untilAnswered(surroundings, signal, async (call) =>
    account.list(names.records(generation), call),
  );
  const isFree = blobs.every(({ lease }) => lease === "available" || lease === "broken");
  const isWorkedOn = blobs.some(({ metadata }) => decodeSummary(metadata) !== undefined);
  if (!isFree || !isWorkedOn) return false;
  // What failed, or was left, may be in the target without an announcement: the run's moment stays as early as it was then.
  const isAnnounced = state === "closed" && blobs.every(({ metadata }) => hasNoFailures(metadata));
  const { csv } = context;
  const isOther = csv !== undefined && csv.digest !== found.manifest.csv.digest;
  // One machine at a time works on the whole CSV, and may take an earlier one again.
  const again = {
    ...(isAnnounced ? { again: found.date } : {}),
    ...(isOther ? { csv: replaceCsv(found.manifest.csv, csv) } : {}),
  };
  await repartition({ ...context, spread: async () => new Map(), again }, signal);
  return true;
}

function hasNoFailures(metadata: BlobFacts["metadata"]): boolean {
  const counts = decodeSummary(metadata)?.counts;
  return counts === undefined || counts.filesFailed + counts.failedWorkItems === 0;
}
