import { FileFailure } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import { sortFiles } from "../core/file-plan.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Catalog, Lookup, Survey } from "./catalog.ts";
import { recheckByLookup } from "./recheck.ts";

/** What a catalog that asks for each work item by itself found. */
export interface FoundFiles {
  readonly files: readonly CatalogFile[];
  /** What the run's filter leaves out. */
  readonly leftOut?: readonly CatalogFile[];
  /** In words: what belongs to the work item and cannot be used. */
  readonly problems: readonly string[];
}

export const nothingFound: FoundFiles = { files: [], problems: [] };

/** Finds the files of one work item: all that a kind of catalog needs which asks for each work item by itself. */
export interface FileFinder {
  /** As `Catalog.identity`. */
  readonly identity: string;
  /** Work items that are asked for at once. */
  readonly batchSize: number;
  /**
   * The work item's files, in any order.
   *
   * @param options `fresh` as for `Catalog.lookup`
   * @throws FileFailure when the lookup fails for this work item alone; ReuploadError when the catalog as a whole
   * cannot answer; the signal's reason
   */
  find(workItem: WorkItem, options: { signal: AbortSignal; fresh: boolean }): Promise<FoundFiles>;
  /** How many files it has, where that is known already; left out when counting costs what looking up costs. */
  countFiles?(workItem: WorkItem): number | undefined;
}

/** The catalog of such a finder: it rejects no rows, has nothing to close, and rechecks by looking up again. */
export function perWorkItemCatalog(finder: FileFinder): Catalog {
  const { identity, batchSize } = finder;
  const catalog: Catalog = {
    identity,
    batchSize,
    lookup: (workItems, options) => lookUpEach(workItems, options, finder),
    survey: (workItems, { signal }) => countEach(workItems, signal, finder),
    recheck: (workItems, options) => recheckByLookup(catalog, workItems, options),
    rejectedRows: () => ({ count: 0, file: undefined }),
    close: async () => {},
  };
  return catalog;
}

/** Looks work items up one by one, all of a batch at the same time, and gives the answers in their order. */
async function* lookUpEach(
  workItems: readonly WorkItem[],
  { signal, fresh = false }: { signal: AbortSignal; fresh?: boolean },
  finder: FileFinder,
): AsyncGenerator<Lookup> {
  signal.throwIfAborted();
  const ended = new AbortController();
  const options = { signal: AbortSignal.any([signal, ended.signal]), fresh };
  const answers = workItems.map(async (workItem) => answer(workItem, finder.find(workItem, options)));
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
    const { files, leftOut = [], problems } = await finding;
    const lookup = { ...plain, files: sortFiles(files), problems };
    return leftOut.length === 0 ? lookup : { ...lookup, leftOut };
  } catch (thrown) {
    if (!(thrown instanceof FileFailure)) throw thrown;
    const { code, message } = thrown;
    return { ...plain, files: [], problems: [], failure: { code, message } };
  }
}

async function* countEach(
  workItems: AsyncIterable<readonly WorkItem[]>,
  signal: AbortSignal,
  finder: FileFinder,
): AsyncGenerator<readonly Survey[]> {
  signal.throwIfAborted();
  if (finder.countFiles === undefined) return;
  for await (const batch of workItems) {
    const surveys: Survey[] = [];
    for (const workItem of batch) {
      const files = finder.countFiles(workItem);
      if (files !== undefined) surveys.push({ workItem, files, linksEndAt: undefined });
    }
    if (surveys.length > 0) yield surveys;
  }
}
