/** All work items against the target, in the order in which they come. */
import type { Lookup } from "../catalog/catalog.ts";
import { type WorkItem, workItemKey } from "../core/work-item.ts";
import { inOrder } from "./turns.ts";
import type { VerifyDoors, VerifyOptions, WorkItemVerdict } from "./verify.ts";
import { verifyWorkItem } from "./verify-work-item.ts";

/** Lookups under way at once. */
const LOOKUPS = 4;
/** Work items of one lookup at most: their files are in memory. */
const MOST_OF_A_LOOKUP = 64;

/**
 * Looks up and verifies work items: some at once, and the verdicts in the order of the work items, so that who is
 * stopped knows that all before the last verdict is verified.
 *
 * @throws ReuploadError when catalog or target as a whole cannot answer; the signal's reason
 */
export async function* verifyWorkItems(
  doors: VerifyDoors,
  workItems: AsyncIterable<readonly WorkItem[]>,
  options: VerifyOptions,
): AsyncGenerator<readonly WorkItemVerdict[]> {
  const batches = inBatches(workItems, () => doors.catalog.batchSize);
  yield* inOrder(batches, LOOKUPS, async (batch) => verifyBatch(doors, batch, options));
}

async function verifyBatch(
  doors: VerifyDoors,
  batch: readonly WorkItem[],
  options: VerifyOptions,
): Promise<readonly WorkItemVerdict[]> {
  const verdicts = new Map<string, Promise<WorkItemVerdict>>();
  try {
    for await (const lookup of doors.catalog.lookup(batch, options)) {
      const key = workItemKey(lookup.workItem);
      const verdict = verifyWorkItem(doors, lookup.workItem, lookup, options);
      verdict.catch(() => {});
      verdicts.set(key, verdict);
    }
    return await Promise.all(
      batch.map(
        async (workItem) =>
          verdicts.get(workItemKey(workItem)) ??
          verifyWorkItem(doors, workItem, unanswered(workItem), options),
      ),
    );
  } finally {
    await Promise.allSettled(verdicts.values());
  }
}

/** What a catalog did not answer for is not proven. */
function unanswered(workItem: WorkItem): Lookup {
  const failure = { code: "catalog-error", message: "the catalog gave no answer for it" } as const;
  return { workItem, workItemName: "", files: [], problems: [], failure };
}

/** The same work items in batches of another size, which may change. */
export async function* inBatches(
  workItems: AsyncIterable<readonly WorkItem[]>,
  batchSize: () => number,
): AsyncGenerator<readonly WorkItem[]> {
  let waiting: WorkItem[] = [];
  for await (const some of workItems) {
    for (const workItem of some) {
      waiting.push(workItem);
      if (waiting.length < Math.min(batchSize(), MOST_OF_A_LOOKUP)) continue;
      yield waiting;
      waiting = [];
    }
  }
  if (waiting.length > 0) yield waiting;
}
