import type { Row } from "../../../src/emulator/kusto-server/tables.ts";
import { catalogConformance, type CatalogUnderTest, type ListedWorkItem } from "../conformance.ts";
import { openCatalog } from "./support.ts";

const LINK = "https://account.blob.core.windows.net/c/";

function rowsOf({ jobId, workItemId, workItemName, fileNames }: ListedWorkItem): Row[] {
  return fileNames.map((name) => ({
    JobId: jobId,
    WorkItemId: workItemId,
    WorkItemName: workItemName,
    Uri: `${LINK}${workItemId}/${encodeURIComponent(name)}?se=2030-01-01T00%3A00%3A00Z&sig=SECRET`,
    FileName: name,
  }));
}

/** @param text the user's query */
function maker(text?: string) {
  return async (listed: readonly ListedWorkItem[]): Promise<CatalogUnderTest> => {
    const opened = await openCatalog({}, text);
    opened.server.tables.add("Files", listed.flatMap(rowsOf));
    return {
      catalog: opened.catalog,
      knowsNames: true,
      filesOf: (workItem) =>
        rowsOf(workItem).map(({ FileName, Uri }) => ({ fileName: String(FileName), uri: String(Uri) })),
      remove: async () => opened[Symbol.asyncDispose](),
    };
  };
}

catalogConformance("Kusto with the default query", maker());
catalogConformance(
  "Kusto with a query of its own, that ends in a comment",
  maker(`declare query_parameters(workItemIds:dynamic);
    Files | where WorkItemId in (workItemIds); // all of them`),
);
