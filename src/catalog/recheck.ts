import { linkExpiry } from "../core/file.ts";
import { makeReceipt } from "../core/receipt.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Catalog, Lookup, Survey } from "./catalog.ts";

/** Digest of a work item with entries that cannot be used: no receipt has it, so that it is looked up anew. */
const UNUSABLE = "unusable";

/**
 * The recheck of a catalog that knows no cheaper way than to look up again. Work items whose lookup fails are passed
 * over: they stay completed, and are rechecked by the next start.
 */
export async function* recheckByLookup(
  catalog: Pick<Catalog, "lookup" | "batchSize">,
  workItems: AsyncIterable<readonly WorkItem[]>,
  options: { signal: AbortSignal },
): AsyncGenerator<readonly Survey[]> {
  for await (const batch of workItems) {
    const surveys: Survey[] = [];
    for (let at = 0; at < batch.length; at += catalog.batchSize) {
      const asked = batch.slice(at, at + catalog.batchSize);
      for await (const lookup of catalog.lookup(asked, options)) {
        if (lookup.failure === undefined) surveys.push(toSurvey(lookup));
      }
    }
    yield surveys;
  }
}

function toSurvey({ workItem, files, problems }: Lookup): Survey {
  const { count, digest } = makeReceipt(files);
  const linksEndAt = files.reduce<number | undefined>((first, { uri }) => {
    const end = linkExpiry(uri);
    return end === undefined || (first !== undefined && first < end) ? first : end;
  }, undefined);
  return { workItem, files: count, linksEndAt, digest: problems.length === 0 ? digest : UNUSABLE };
}
