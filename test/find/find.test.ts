import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WorkItem } from "../../src/core/work-item.ts";
import { runaway } from "../../src/emulator/kusto-server/service-refusal.ts";
import type { Row } from "../../src/emulator/kusto-server/tables.ts";
import { type CsvOutput, type FindReport, findWorkItems, textColumns } from "../../src/find/find.ts";
import { WorkItemCsv } from "../../src/find/work-item-csv.ts";
import { readWorkItems } from "../../src/input/read-csv.ts";
import { open } from "../kusto/support.ts";
import { type FaultyKusto, startFaultyKusto } from "../support/kusto-server.ts";

const { signal } = new AbortController();
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-find-test-"));
  path = join(folder, "found.csv");
});
afterEach(() => rm(folder, { recursive: true }));

const ALL = "WorkItems | project JobId, WorkItemId, WorkItemName";

class Text implements CsvOutput {
  text = "";

  async write(text: string): Promise<void> {
    this.text += text;
  }

  async restart(): Promise<void> {
    this.text = "";
  }
}

interface Asked {
  readonly report: FindReport;
  /** What came after the query, in order. */
  readonly tails: readonly string[];
  readonly slices: readonly number[];
}

/** Runs the query on these rows. */
async function findIn(
  rows: Iterable<Row>,
  options: Parameters<typeof startFaultyKusto>[0] = {},
  text = ALL,
): Promise<Asked> {
  await using server: FaultyKusto = await startFaultyKusto(options);
  server.tables.add("WorkItems", rows);
  using opened = open(server);
  const slices: number[] = [];
  const output = new Text();
  const report = await findWorkItems({
    kusto: opened.kusto,
    query: { text, parameters: {} },
    output,
    signal,
    onSlices: (count) => slices.push(count),
  });
  await writeFile(path, output.text);
  const tails = server.requests.map((request) => request.text.slice(text.length).trim());
  return { report, tails, slices };
}

/** An answer with these columns, all texts. */
const answer = (names: readonly string[], ...Rows: readonly (readonly string[])[]): string =>
  JSON.stringify([
    { FrameType: "DataSetHeader", Version: "v2.0" },
    {
      FrameType: "DataTable",
      TableKind: "PrimaryResult",
      Columns: names.map((ColumnName) => ({ ColumnName, ColumnType: "string" })),
      Rows,
    },
    { FrameType: "DataSetCompletion", HasErrors: false },
  ]);

const row = (WorkItemId: string, more: Row = {}): Row => ({
  JobId: "1",
  WorkItemId,
  WorkItemName: "n",
  ...more,
});
const rows = (count: number): Row[] => Array.from({ length: count }, (_, at) => row(`w${at}`));
const csv = () => readFile(path, "utf8");

async function readBack(): Promise<WorkItem[]> {
  const batches = await Array.fromAsync(readWorkItems({ path }, { signal }));
  return batches.flat().map((read) => {
    if (read.kind === "rejected") throw new Error(`line ${read.line}: ${read.reason}`);
    return read.workItem;
  });
}

describe("the search for work items", () => {
  const second = (body: string) => ({
    fault: (_: unknown, index: number) => (index === 1 ? { status: 200, body } : undefined),
  });

  it("takes the columns of an answer by their names, and none that lacks one", async () => {
    const { report } = await findIn(
      [],
      second(answer(["WorkItemName", "WorkItemId", "JobId"], ["n", "w", "j"])),
    );
    expect(report.workItems).toBe(1);
    expect(await readFile(path, "utf8")).toBe("JobId,WorkItemId,WorkItemName\nj,w,n\n");
    await expect(findIn([], second(answer(["WorkItemId"], ["w"])))).rejects.toThrow(
      expect.objectContaining({
        code: "kusto-invalid",
        message: expect.stringContaining("no column JobId") as string,
      }),
    );
  });

  it("refuses ids that are reals: they have lost their digits", () => {
    const columns = [
      { name: "JobId", type: "string" },
      { name: "WorkItemId", type: "real" },
    ];
    expect(() => textColumns(columns)).toThrow("The query gives WorkItemId as real, wanted is string");
  });

  it("takes no work item from what is no row, but asks for the answer again", async () => {
    const body = answer(["JobId", "WorkItemId"], ["a", "b"]).replace('["a","b"]', '{"Exceptions":["oops"]}');
    const { report } = await findIn([row("1")], second(body));
    expect(report).toMatchObject({ rows: 1, workItems: 1, rejected: 0 });
  });

  it("writes the work items as the CSV that run reads", async () => {
    const { report, tails } = await findIn([row("7"), row('8, "x"', { WorkItemName: "" })]);
    expect(await csv()).toBe('JobId,WorkItemId,WorkItemName\n1,7,n\n1,"8, ""x""",\n');
    expect(report).toEqual({
      workItems: 2,
      rows: 2,
      duplicates: 0,
      rejected: 0,
      firstRejected: [],
      slices: 1,
    });
    expect(tails).toEqual([
      "| take 0",
      "| project JobId=tostring(JobId), WorkItemId=tostring(WorkItemId), WorkItemName=tostring(WorkItemName)",
    ]);
  });

  it("writes work items once that come several times, and needs no names", async () => {
    const text = "WorkItems | project JobId, WorkItemId, State";
    const { report } = await findIn([row("7"), row("8"), row("7"), row("7", { JobId: "2" })], {}, text);
    expect(report).toMatchObject({ workItems: 3, rows: 4, duplicates: 1 });
    expect((await csv()).split("\n").toSorted(byText)).toEqual([
      "",
      "1,7,",
      "1,8,",
      "2,7,",
      "JobId,WorkItemId,WorkItemName",
    ]);
  });

  it("writes a CSV without rows when there are no work items", async () => {
    expect((await findIn([])).report).toMatchObject({ workItems: 0, rows: 0 });
    expect(await csv()).toBe("JobId,WorkItemId,WorkItemName\n");
  });

  it("leaves out what the CSV's reader would not take, and reports the first of it", async () => {
    const bad = [row(" "), row("x", { JobId: "" }), row("", { JobId: "" }), row("a\nb"), row("a\0b")];
    const { report } = await findIn([...bad, row("7"), row("c\rd")]);
    expect(report).toMatchObject({ workItems: 1, rows: 7, rejected: 6 });
    expect(report.firstRejected.map(({ reason }) => reason)).toEqual([
      "WorkItemId is empty",
      "JobId is empty",
      "JobId and WorkItemId are empty",
      "an id has a line break",
      "NUL character",
    ]);
    expect(await readBack()).toEqual([{ jobId: "1", workItemId: "7", workItemName: "n" }]);
  });

  it("refuses a query without the ids, and names the columns of the query", async () => {
    await expect(findIn([], {}, "WorkItems | project JobId, Id=WorkItemId")).rejects.toMatchObject({
      code: "kusto-invalid",
      message: "The query has no column WorkItemId; its columns are: JobId, Id",
    });
  });
});

describe("a result that is too much for one answer", () => {
  it("is asked for in slices that make the whole together", async () => {
    const { report, tails, slices } = await findIn([...rows(1000), ...rows(10)], { maxRows: 700 });
    expect(slices).toEqual([2]);
    expect(report).toMatchObject({ workItems: 1000, rows: 1010, duplicates: 10, slices: 2 });
    const found = await readBack();
    expect(found.map(({ workItemId }) => workItemId).toSorted(byText)).toEqual(
      rows(1000)
        .map(({ WorkItemId }) => String(WorkItemId))
        .toSorted(byText),
    );
    expect(tails.slice(2, 3)).toEqual(["| count"]);
    expect(tails.slice(3).map((tail) => tail.split("\n")[1])).toEqual([
      "| where hash_xxhash64(WorkItemId, 2) == 0",
      "| where hash_xxhash64(WorkItemId, 2) == 1",
    ]);
  });

  it("is asked for from the beginning in more slices when one slice is still too much", async () => {
    const { report, slices } = await findIn(rows(1000), { maxRows: 200 });
    expect(slices).toEqual([2, 8]);
    expect(report).toMatchObject({ workItems: 1000, rows: 1000, duplicates: 0, rejected: 0, slices: 8 });
    expect(await readBack()).toHaveLength(1000);
  });

  it("is also sliced when it cannot be counted", async () => {
    const { report, slices } = await findIn(rows(400), {
      maxRows: 200,
      fault: ({ text }) => (text.endsWith("| count") ? { refuse: runaway() } : undefined),
    });
    expect(slices).toEqual([16]);
    expect(report).toMatchObject({ workItems: 400, slices: 16 });
  });

  it("is an error when no slicing makes it smaller", async () => {
    const isWhole = (text: string) => text.endsWith("| take 0") || text.endsWith("| count");
    await expect(
      findIn([], { fault: ({ text }) => (isWhole(text) ? undefined : { refuse: runaway() }) }),
    ).rejects.toMatchObject({
      code: "kusto-invalid",
      message: "The result is too large for the service, even in 2048 slices by WorkItemId.",
    });
  });
});

describe("the CSV of work items", () => {
  const odd = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ unit: fc.constantFrom('"', ",", ";", "\t", " ", "\n", "a", "ä", "\u00a0"), maxLength: 6 }),
  );

  it("is read back as it was found, but for the rows that are reported", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(odd, odd, odd), { maxLength: 8 }), async (found) => {
        const output = new Text();
        const written = await WorkItemCsv.begin(output);
        const columns = ["JobId", "WorkItemId", "WorkItemName"].map((name) => ({ name, type: "string" }));
        await written.add({ columns, rows: found, bytes: 0 });
        await writeFile(path, output.text);
        const { workItems, duplicates, rejected, rows: count } = written.counts();
        expect(workItems + duplicates + rejected).toBe(count);
        const wanted = new Map<string, WorkItem>();
        for (const [jobId, workItemId, workItemName] of found) {
          const isFine = [jobId, workItemId].every((id) => id.trim() !== "" && !/[\r\n\0]/.test(id));
          const key = JSON.stringify([jobId, workItemId]);
          const isNameFine = !workItemName.includes("\0");
          if (isFine && isNameFine && !wanted.has(key)) wanted.set(key, { jobId, workItemId, workItemName });
        }
        expect(await readBack()).toEqual([...wanted.values()]);
        expect(wanted.size).toBe(workItems);
      }),
      { numRuns: 100 },
    );
  });
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
