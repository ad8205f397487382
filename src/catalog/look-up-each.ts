import { FileFailure } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import { sortFiles } from "../core/file-plan.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Lookup, Survey } from "./catalog.ts";

/** What a catalog that asks for each work item by itself found. */
export interface FoundFiles {
  readonly files: readonly CatalogFile[];
  /** In words: what belongs to the work item and cannot be used. */
  readonly problems: readonly string[];
}

export const nothingFound: FoundFiles = { files: [], problems: [] };

/**
 * Looks work items up one by one, all of a batch at the same time, and gives the answers in their order. A FileFailure
 * is its work item's own.
 *
 * @param find finds one work item's files, in any order
 */
export async function* lookUpEach(
  workItems: readonly WorkItem[],
  signal: AbortSignal,
  find: (workItem: WorkItem, signal: AbortSignal) => Promise<FoundFiles>,
): AsyncGenerator<Lookup> {
  signal.throwIfAborted();
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const answers = workItems.map(async (workItem) => answer(workItem, find(workItem, both)));
  const settled = Promise.allSettled(answers);
  try {
    for (const each of answers) {
      const lookup = await each;
      signal.throwIfAborted();
      yield lookup;
    }
  } finally {
    ended.abort();
    await settled;
  }
}

async function answer(workItem: WorkItem, finding: Promise<FoundFiles>): Promise<Lookup> {
  const plain = { workItem, workItemName: "" };
  try {
    const { files, problems } = await finding;
    return { ...plain, files: sortFiles(files), problems };
  } catch (thrown) {
    if (!(thrown instanceof FileFailure)) throw thrown;
    const { code, message } = thrown;
    return { ...plain, files: [], problems: [], failure: { code, message } };
  }
}

/** The survey of a catalog that cannot count for less than a lookup costs. */
export async function* nothingSurveyed(signal: AbortSignal): AsyncGenerator<readonly Survey[]> {
  signal.throwIfAborted();
  yield* [];
}
