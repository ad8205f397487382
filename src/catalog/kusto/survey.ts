import { linkExpiry } from "../../core/file.ts";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import { type KustoTable, KustoTooMuch, requireColumns } from "../../kusto/kusto.ts";
import type { Survey } from "../catalog.ts";
import { TableRows } from "./answer.ts";

/** Work items that are counted by one query. */
const CHUNK = 2000;
/** Counts under way at once: lookups need their turn too. */
const AT_ONCE = 2;

type Count = (workItems: readonly WorkItem[], signal: AbortSignal) => Promise<KustoTable>;

/**
 * Counts the files of these work items, some thousand by a query.
 *
 * @param count runs the counting query for some of them
 */
export async function* surveyBy(
  count: Count,
  workItems: AsyncIterable<readonly WorkItem[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly Survey[]> {
  signal.throwIfAborted();
  const underWay: Promise<Survey[]>[] = [];
  for await (const chunk of chunksOf(workItems)) {
    const counting = countHalving(count, chunk, signal);
    counting.catch(() => {}); // told when its turn comes
    underWay.push(counting);
    if (underWay.length >= AT_ONCE) yield (await underWay.shift()) ?? [];
  }
  for (const counting of underWay) yield await counting;
}

async function* chunksOf(workItems: AsyncIterable<readonly WorkItem[]>): AsyncGenerator<WorkItem[]> {
  let chunk: WorkItem[] = [];
  for await (const group of workItems) {
    for (const workItem of group) {
      chunk.push(workItem);
      if (chunk.length < CHUNK) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** Halves what is too much for one query; a work item that alone is too much is left out. */
async function countHalving(
  count: Count,
  workItems: readonly WorkItem[],
  signal: AbortSignal,
): Promise<Survey[]> {
  try {
    return surveysIn(workItems, await count(workItems, signal));
  } catch (thrown) {
    if (!(thrown instanceof KustoTooMuch)) throw thrown;
    if (workItems.length === 1) return [];
    const half = Math.ceil(workItems.length / 2);
    const first = await countHalving(count, workItems.slice(0, half), signal);
    return [...first, ...(await countHalving(count, workItems.slice(half), signal))];
  }
}

/** A work item that the count does not mention has no files. @throws ReuploadError `kusto-invalid` */
function surveysIn(workItems: readonly WorkItem[], table: KustoTable): Survey[] {
  requireColumns(table, ["JobId", "WorkItemId", "Files", "LinksEnd"], "count of files");
  const counted = new Map<string, Omit<Survey, "workItem">>();
  for (const row of new TableRows(table)) {
    counted.set(row.key(), {
      files: Number(row.field("Files")),
      linksEndAt: linkExpiry(`?se=${row.field("LinksEnd")}`),
    });
  }
  return workItems.map((workItem) => ({
    workItem,
    ...(counted.get(workItemKey(workItem)) ?? { files: 0, linksEndAt: undefined }),
  }));
}
