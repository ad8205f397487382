import { catalogConformance, type CatalogUnderTest, type ListedWorkItem } from "../conformance.ts";
import { csvOf, listingFolder, ndjsonOf, rowOf, type TestRow } from "./support.ts";

function rowsOf({ jobId, workItemId, workItemName, fileNames }: ListedWorkItem): TestRow[] {
  return fileNames.map((name, i) =>
    rowOf(workItemId, name, {
      JobId: jobId,
      WorkItemName: workItemName,
      Length: String(i * 1000),
      ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==",
    }),
  );
}

/** Deals the rows out, so that no two rows of a work item follow each other. */
function scattered(rows: readonly TestRow[]): TestRow[] {
  const step = 7;
  return Array.from({ length: step }, (_each, first) => rows.filter((_, i) => i % step === first)).flat();
}

function maker(content: (rows: readonly TestRow[]) => string) {
  return async (listed: readonly ListedWorkItem[]): Promise<CatalogUnderTest> => {
    const folder = await listingFolder();
    await folder.write(content(listed.flatMap(rowsOf)));
    return {
      catalog: await folder.open(),
      knowsNames: true,
      filesOf: (workItem) =>
        rowsOf(workItem).map(({ FileName, Uri, Length, ContentMD5 = "" }) => ({
          fileName: FileName,
          uri: Uri,
          length: Number(Length),
          contentMd5: ContentMD5,
        })),
      remove: () => folder.remove(),
    };
  };
}

catalogConformance("a sorted CSV listing", maker(csvOf));
catalogConformance(
  "an unsorted CSV listing",
  maker((rows) => csvOf(scattered(rows))),
);
catalogConformance("an NDJSON listing", maker(ndjsonOf));
catalogConformance(
  "an unsorted NDJSON listing",
  maker((rows) => ndjsonOf(scattered(rows))),
);
