import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CatalogFile } from "../../../src/core/file.ts";
import { sortFiles } from "../../../src/core/file-plan.ts";
import { lookUp, surveyed } from "../conformance.ts";
import {
  csvOf,
  type ListingFolder,
  listingFolder,
  ndjsonOf,
  signal,
  type TestRow,
  workItem,
} from "./support.ts";

const JOBS = ["job-1", "job 2", "jöb,3"];
const IDS = ["1", "01", "1889211721", 'quoted "id"', "ünï"];

const name = fc.string({
  unit: fc.constantFrom(
    "a",
    "Z",
    " ",
    '"',
    ",",
    "\n",
    "\r\n",
    "\r",
    "%",
    "+",
    "#",
    "ü",
    "漢",
    "🙂",
    ";",
    "/",
    "?",
  ),
  minLength: 1,
  maxLength: 12,
});

/** Rows that can be used; ids and names are drawn from few, so that rows share and repeat them. */
const rows = fc.array(
  fc
    .record({
      JobId: fc.constantFrom(...JOBS),
      WorkItemId: fc.constantFrom(...IDS),
      WorkItemName: fc.constantFrom("", "Name", "other, Name"),
      path: fc.constantFrom("a", "b%20c", "d%2Be%23f"),
      FileName: name.filter((text) => text.trim() !== ""),
      Length: fc.constantFrom("", "0", "1024"),
    })
    .map(({ path, ...row }): TestRow => ({ ...row, Uri: `https://account.example/source/${path}?sig=S%2B` })),
  { maxLength: 60 },
);

/** What a lookup must give, by looking at every row. */
function expected(all: readonly TestRow[], jobId: string, workItemId: string) {
  const own = all.filter((row) => row.JobId === jobId && row.WorkItemId === workItemId);
  const files = own.map(({ FileName, Uri, Length }): CatalogFile =>
    Length === ""
      ? { fileName: FileName, uri: Uri }
      : { fileName: FileName, uri: Uri, length: Number(Length) },
  );
  const names = own.map((row) => row.WorkItemName).filter((text) => text !== "");
  return { files: sortFiles(files), workItemName: names.toSorted()[0] ?? "", problems: [] };
}

describe("a random listing", () => {
  let folder: ListingFolder;
  beforeAll(async () => {
    folder = await listingFolder();
  });
  afterAll(() => folder.remove());

  async function check(content: string, all: readonly TestRow[]): Promise<void> {
    await folder.write(content);
    const catalog = await folder.open();
    try {
      const asked = JOBS.flatMap((job) => IDS.map((id) => workItem(id, job)));
      for (const answer of await lookUp(catalog, asked, { signal })) {
        expect(answer).toEqual({
          workItem: answer.workItem,
          ...expected(all, answer.workItem.jobId, answer.workItem.workItemId),
        });
      }
      expect(catalog.rejectedRows().count).toBe(0);
      const counts = await surveyed(catalog, [asked], { signal });
      expect(
        counts.map(({ workItem: { jobId, workItemId }, files }) => ({ jobId, workItemId, files })),
      ).toEqual(
        asked.map(({ jobId, workItemId }) => ({
          jobId,
          workItemId,
          files: expected(all, jobId, workItemId).files.length,
        })),
      );
    } finally {
      await catalog.close();
    }
  }

  it("gives the same files as a look at every row, as CSV", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom("\n", "\r\n"), (all, lineEnd) =>
        check(csvOf(all, lineEnd), all),
      ),
      { numRuns: 60 },
    );
  });

  it("gives the same files as a look at every row, as NDJSON", async () => {
    await fc.assert(
      fc.asyncProperty(
        rows.filter((all) => all.length > 0),
        (all) => check(ndjsonOf(all), all),
      ),
      { numRuns: 60 },
    );
  });
});
