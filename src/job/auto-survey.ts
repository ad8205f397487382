/** The survey of a run with free partitions: one machine counts the files of all partitions for all of them. */
import type { Catalog } from "../catalog/catalog.ts";
import { choosePartition } from "../core/partition.ts";
import { isRefusal } from "../machines/coordination-account.ts";
import type { OpenState } from "../state/state-kind.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** Somebody else counts: it is asked for the counts after this, ms, and then after twice as long each time, up to a bound. */
const FIRST_ASK_MS = 1_000;
const LONGEST_ASK_MS = 20_000;

export interface AutoSurveyOptions {
  readonly state: OpenState;
  readonly surroundings: Surroundings;
  /** Counts, unless another machine does so (undefined) or has done so. */
  readonly once: (
    count: (signal: AbortSignal) => Promise<readonly number[] | undefined>,
    signal: AbortSignal,
  ) => Promise<readonly number[] | undefined>;
  /** Takes the files of each partition. */
  readonly onCounted: (files: readonly number[]) => void;
}

/**
 * Gets the counts of all partitions, made here or by another machine. The run goes without them while the catalog counts
 * nothing.
 *
 * @throws what the catalog and the account throw; the signal's reason
 */
export async function surveyRun(
  { state, surroundings, once, onCounted }: AutoSurveyOptions,
  catalog: Catalog,
  signal: AbortSignal,
): Promise<void> {
  let isCounted = true;
  const count = async (during: AbortSignal): Promise<readonly number[] | undefined> => {
    const files = await countFiles(state, catalog, during);
    isCounted = files !== undefined;
    return files;
  };
  for (let pause = FIRST_ASK_MS; ; pause = Math.min(2 * pause, LONGEST_ASK_MS)) {
    const files = await once(count, signal).catch((thrown: unknown) => {
      // A survey decides nothing: what cannot be read or written of it is done without.
      if (isRefusal(thrown)) return undefined;
      throw thrown;
    });
    if (files !== undefined) return onCounted(files);
    if (!isCounted) return;
    await sleep(surroundings, pause, signal);
  }
}

/** @returns undefined when the catalog counts nothing */
async function countFiles(
  { surveys, run }: OpenState,
  catalog: Catalog,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const { totalPartitions } = run.identity;
  const files = Array.from({ length: totalPartitions }, () => 0);
  let isAny = false;
  for await (const counted of catalog.survey(surveys.all({ signal }), { signal })) {
    for (const { workItem, files: count } of counted) {
      const partition = choosePartition(workItem.workItemId, totalPartitions);
      files[partition] = (files[partition] ?? 0) + count;
      isAny = true;
    }
  }
  return isAny ? files : undefined;
}
