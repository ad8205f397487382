import { describe, expect, it } from "vitest";
import type { Row } from "../../../src/emulator/kusto-server/tables.ts";
import { runaway, semanticError, timedOut } from "../../../src/emulator/kusto-server/service-refusal.ts";
import { lookUp } from "../conformance.ts";
import { filesOf } from "../../kusto/support.ts";
import { batchesOf, openCatalog, signal, surveyOf, workItem, workItems } from "./support.ts";

/** So many files for each of the work items `w0`, `w1`, ... */
const filesEach = (...counts: number[]): Row[] =>
  counts.flatMap((count, at) => [...filesOf(`w${at}`, count)]);

describe("a lookup in Kusto", () => {
  it("reports each row once when the query does not filter", async () => {
    const text = "declare query_parameters(workItemIds:dynamic); Files";
    await using opened = await openCatalog({}, text);
    opened.server.tables.add("Files", filesEach(1, 2, 3));
    expect(opened.catalog.rejectedRows()).toEqual({ count: 0, file: undefined });
    for (const workItemId of ["w0", "w1", "w0"]) {
      const [answer] = await lookUp(opened.catalog, [workItem(workItemId)], { signal });
      expect(answer?.problems).toEqual([]);
    }
    expect(opened.catalog.rejectedRows()).toEqual({
      count: 5,
      file: undefined,
      reason:
        "rows of work items that reupload did not ask for: the query does not filter by workItemIds, or not exactly",
    });
  });

  it.each([
    [
      "a lookup",
      "order by",
      ["JobId", "WorkItemId", "WorkItemName", "FileName"],
      "lookup query has no column Uri",
    ],
    [
      "a lookup, of the names",
      "order by",
      ["JobId", "WorkItemId", "Uri", "FileName"],
      "no column WorkItemName",
    ],
    ["a count", "summarize", ["JobId", "WorkItemId"], "count of files has no column Files, LinksEnd"],
  ])(
    "fails when its columns are gone, and never gives work items without files: %s",
    async (_, tail, names, words) => {
      const frames = [
        { FrameType: "DataSetHeader", Version: "v2.0" },
        {
          FrameType: "DataTable",
          TableKind: "PrimaryResult",
          Columns: names.map((ColumnName) => ({ ColumnName, ColumnType: "string" })),
          Rows: [names.map(() => "w0")],
        },
        { FrameType: "DataSetCompletion", HasErrors: false },
      ];
      await using opened = await openCatalog({
        fault: ({ text }) =>
          text.includes(tail) ? { status: 200, body: JSON.stringify(frames) } : undefined,
      });
      const asking =
        tail === "summarize"
          ? surveyOf(opened.catalog, [[workItem("w0")]])
          : lookUp(opened.catalog, [workItem("w0")], { signal });
      await expect(asking).rejects.toThrow(
        expect.objectContaining({ code: "kusto-invalid", message: expect.stringContaining(words) as string }),
      );
    },
  );

  it.each([
    ["a lookup", "order by"],
    ["a count", "summarize"],
  ])(
    "asks again for an answer whose rows are no rows, and never gives work items without files: %s",
    async (_, tail) => {
      const columns = ["JobId", "WorkItemId", "WorkItemName", "Uri", "FileName"];
      const frames = [
        { FrameType: "DataSetHeader", Version: "v2.0" },
        {
          FrameType: "DataTable",
          TableKind: "PrimaryResult",
          Columns: columns.map((ColumnName) => ({ ColumnName, ColumnType: "string" })),
          Rows: [{ Exceptions: ["Query execution lacks memory resources"] }],
        },
        { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false },
      ];
      let faults = 2;
      await using opened = await openCatalog({
        fault: ({ text }) =>
          text.includes(tail) && faults-- > 0 ? { status: 200, body: JSON.stringify(frames) } : undefined,
      });
      opened.server.tables.add("Files", filesEach(3, 4));
      const counts = async (): Promise<number[]> =>
        tail === "summarize"
          ? (await surveyOf(opened.catalog, [workItems(2)])).map(({ files }) => files)
          : (await lookUp(opened.catalog, workItems(2), { signal })).map(({ files }) => files.length);
      expect(await counts()).toEqual([3, 4]);
    },
  );

  it("asks for all its work items with one query", async () => {
    await using opened = await openCatalog();
    opened.server.tables.add("Files", filesEach(3, 0, 5));
    const answers = await lookUp(opened.catalog, workItems(3), { signal });
    expect(answers.map(({ files }) => files.length)).toEqual([3, 0, 5]);
    expect(answers[0]?.files[0]).toEqual({
      fileName: "0.json",
      uri: "https://account.blob.core.windows.net/c/0?se=2030-01-01T00%3A00%3A00Z&sig=abc",
    });
    expect(batchesOf(opened.server)).toEqual([3]);
  });

  it("halves a batch that is too large, down to one work item, and fails only that one", async () => {
    await using opened = await openCatalog({ maxRows: 25 });
    opened.server.tables.add("Files", filesEach(10, 10, 26, 10, 10, 10, 10, 10));
    const answers = await lookUp(opened.catalog, workItems(8), { signal });
    expect(answers.map(({ files }) => files.length)).toEqual([10, 10, 0, 10, 10, 10, 10, 10]);
    expect(answers.filter(({ failure }) => failure !== undefined)).toEqual([
      {
        workItem: workItem("w2"),
        workItemName: "",
        files: [],
        problems: [],
        failure: {
          code: "catalog-error",
          message: "it has too many files for one answer: narrow the query, for example with --file-suffix",
        },
      },
    ]);
    expect(batchesOf(opened.server)).toEqual([8, 4, 2, 2, 1, 1, 4, 2, 2]);
  });

  it.each([
    ["takes too long", timedOut()],
    ["takes too much memory", runaway()],
  ])("halves a query that %s", async (_, refusal) => {
    await using opened = await openCatalog({
      fault: ({ parameters }) =>
        (parameters["workItemIds"] ?? "").split(",").length > 2 ? { refuse: refusal } : undefined,
    });
    opened.server.tables.add("Files", filesEach(1, 1, 1, 1));
    const answers = await lookUp(opened.catalog, workItems(4), { signal });
    expect(answers.map(({ files }) => files.length)).toEqual([1, 1, 1, 1]);
    expect(batchesOf(opened.server).slice(-2)).toEqual([2, 2]);
  });

  it("asks for fewer work items after one batch was too much, and for more again later", async () => {
    await using opened = await openCatalog({ maxRows: 100 });
    const { catalog, server } = opened;
    server.tables.add("Files", filesEach(...Array.from({ length: 8 }, () => 30)));
    await lookUp(catalog, workItems(8), { signal });
    expect(catalog.batchSize).toBeLessThanOrEqual(4);
    server.tables.clear("Files");
    for (let at = 0; at < 40; at++) await lookUp(catalog, workItems(catalog.batchSize), { signal });
    expect(catalog.batchSize).toBeGreaterThan(16);
  });

  it("takes larger batches while answers are small, and smaller ones when an answer is large", async () => {
    await using opened = await openCatalog();
    const { catalog, server } = opened;
    const sizes = [catalog.batchSize];
    for (let at = 0; at < 3; at++) {
      await lookUp(catalog, workItems(catalog.batchSize), { signal });
      sizes.push(catalog.batchSize);
    }
    expect(sizes).toEqual([20, 40, 80, 160]);
    server.tables.add("Files", filesEach(...Array.from({ length: 160 }, () => 600)));
    const answers = await lookUp(catalog, workItems(160), { signal });
    expect(answers.every(({ files }) => files.length === 600)).toBe(true);
    expect(catalog.batchSize).toBeLessThan(160);
  });

  it("ends with the service's words when the service refuses the query", async () => {
    await using opened = await openCatalog({
      fault: ({ text }) =>
        text.includes("order by") ? { refuse: semanticError("no such thing") } : undefined,
    });
    await expect(lookUp(opened.catalog, workItems(2), { signal })).rejects.toThrow(
      expect.objectContaining({
        code: "kusto-invalid",
        message: expect.stringContaining("no such thing") as string,
      }),
    );
  });

  it.each(['a" | take 1 //', "'); drop", "x\ny", "dynamic([])", "😀\u2028"])(
    "takes the id %j as data",
    async (id) => {
      await using opened = await openCatalog();
      opened.server.tables.add("Files", [...filesOf(id, 2), ...filesOf("other", 3)]);
      const [answer] = await lookUp(opened.catalog, [workItem(id)], { signal });
      expect(answer?.files).toHaveLength(2);
      expect(answer?.workItem.workItemId).toBe(id);
    },
  );

  it("gives rows that cannot be used as problems of their work item, without links", async () => {
    await using opened = await openCatalog();
    const row = (FileName: string, Uri: string): Row => ({ JobId: "1", WorkItemId: "w0", FileName, Uri });
    opened.server.tables.add("Files", [
      row("a.json", ""),
      row("b.json", "not a link?sig=SECRET"),
      row("c.json", "https://account.blob.core.windows.net/c/c?sig=SECRET"),
    ]);
    const [answer] = await lookUp(opened.catalog, workItems(1), { signal });
    expect(answer?.files.map(({ fileName }) => fileName)).toEqual(["c.json"]);
    expect(answer?.problems).toEqual([
      '"a.json": Uri is empty',
      '"b.json": Uri is not an absolute http or https URL',
    ]);
  });
});

describe("links that are asked for anew", () => {
  it("cost one query when many work items ask at the same moment", async () => {
    await using opened = await openCatalog();
    opened.server.tables.add("Files", filesEach(2, 2, 2, 2));
    const asked = [...workItems(4), workItem("w1")];
    const answers = await Promise.all(
      asked.map((item) => lookUp(opened.catalog, [item], { signal, fresh: true })),
    );
    expect(answers.map(([answer]) => answer?.workItem.workItemId)).toEqual(["w0", "w1", "w2", "w3", "w1"]);
    expect(answers.every(([answer]) => answer?.files.length === 2)).toBe(true);
    expect(batchesOf(opened.server)).toEqual([4]);
  });

  it("are still given when another work item that asked for them goes away", async () => {
    await using opened = await openCatalog();
    opened.server.tables.add("Files", filesEach(2, 2));
    const gone = new AbortController();
    const [first, second] = workItems(2);
    const leaving = lookUp(opened.catalog, [first ?? workItem("")], { signal: gone.signal, fresh: true });
    const staying = lookUp(opened.catalog, [second ?? workItem("")], { signal, fresh: true });
    gone.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    expect((await staying)[0]?.files).toHaveLength(2);
  });

  it("fail for all who asked when the catalog cannot answer", async () => {
    await using opened = await openCatalog({
      fault: ({ text }) => (text.includes("order by") ? { refuse: semanticError("gone") } : undefined),
    });
    const answers = await Promise.allSettled(
      workItems(3).map((item) => lookUp(opened.catalog, [item], { signal, fresh: true })),
    );
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  });

  it("are not asked for when everybody who wanted them has gone away", async () => {
    await using opened = await openCatalog();
    const gone = new AbortController();
    const leaving = lookUp(opened.catalog, workItems(1), { signal: gone.signal, fresh: true });
    gone.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    await lookUp(opened.catalog, [workItem("other")], { signal, fresh: true });
    await lookUp(opened.catalog, [workItem("last")], { signal, fresh: true });
    expect(batchesOf(opened.server)).toEqual([1, 1]);
  });
});

describe("a survey of Kusto", () => {
  it("counts thousands of work items with one query, also those without files, and tells when links end", async () => {
    await using opened = await openCatalog();
    const link = "https://account.blob.core.windows.net/c/x";
    opened.server.tables.add("Files", [
      ...filesOf("w0", 3),
      {
        JobId: "1",
        WorkItemId: "w0",
        FileName: "early.json",
        Uri: `${link}?se=2029-01-01T00%3A00%3A00Z&sig=x`,
      },
      { JobId: "1", WorkItemId: "w1", FileName: "a.json", Uri: link },
    ]);
    const all = workItems(2500);
    const surveys = await surveyOf(opened.catalog, [all.slice(0, 900), all.slice(900)]);
    expect(surveys.map(({ workItem: { workItemId } }) => workItemId)).toEqual(
      all.map(({ workItemId }) => workItemId),
    );
    expect(surveys.slice(0, 3)).toEqual([
      { workItem: workItem("w0"), files: 4, linksEndAt: Date.UTC(2029, 0, 1) },
      { workItem: workItem("w1"), files: 1, linksEndAt: undefined },
      { workItem: workItem("w2"), files: 0, linksEndAt: undefined },
    ]);
    expect(opened.server.requests.filter(({ text }) => text.includes("summarize"))).toHaveLength(2);
  });

  it("halves a batch that is too much, and leaves out a single work item that is too much", async () => {
    await using opened = await openCatalog({
      fault: ({ text, parameters }) => {
        const isTooMuch = text.includes("summarize") && (parameters["workItemIds"] ?? "").includes('"w2"');
        return isTooMuch ? { refuse: runaway() } : undefined;
      },
    });
    const surveys = await surveyOf(opened.catalog, [workItems(5)]);
    expect(surveys.map(({ workItem: { workItemId } }) => workItemId)).toEqual(["w0", "w1", "w3", "w4"]);
  });

  it("lets the first lookup ask for few work items when the largest has many files", async () => {
    await using opened = await openCatalog();
    opened.server.tables.add("Files", filesEach(4000));
    await surveyOf(opened.catalog, [workItems(5)]);
    expect(opened.catalog.batchSize).toBeLessThan(5);
  });
});
