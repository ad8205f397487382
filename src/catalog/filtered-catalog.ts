/** A catalog of which a filter leaves out some files, by their names. */
import type { FileChoice } from "../core/file-filter.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Catalog, Lookup, Survey } from "./catalog.ts";
import { recheckByLookup } from "./recheck.ts";

export interface FilteredOptions {
  readonly takes: FileChoice;
  /** Looking up costs little, so that work items are counted in this way; else they are not counted. */
  readonly countsByLookup: boolean;
}

/** The catalog's own counts know nothing of the filter: they would be compared with what lookups list. */
export function filteredCatalog(catalog: Catalog, { takes, countsByLookup }: FilteredOptions): Catalog {
  const filtered: Catalog = {
    identity: catalog.identity,
    get batchSize() {
      return catalog.batchSize;
    },
    async *lookup(workItems, options) {
      for await (const lookup of catalog.lookup(workItems, options)) yield withoutLeftOut(lookup, takes);
    },
    survey: (workItems, options) =>
      countsByLookup
        ? recheckByLookup(filtered, workItems, options)
        : countNothing(workItems, options.signal),
    recheck: (workItems, options) => recheckByLookup(filtered, workItems, options),
    rejectedRows: () => catalog.rejectedRows(),
    close: async () => catalog.close(),
  };
  return filtered;
}

function withoutLeftOut(lookup: Lookup, takes: FileChoice): Lookup {
  const leftOut = lookup.files.filter((file) => !takes(file));
  if (leftOut.length === 0) return lookup;
  return { ...lookup, files: lookup.files.filter((file) => takes(file)), leftOut };
}

async function* countNothing(
  _workItems: AsyncIterable<readonly WorkItem[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly Survey[]> {
  signal.throwIfAborted();
  yield* [];
}
