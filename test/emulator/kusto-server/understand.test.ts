import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KustoTables } from "../../../src/emulator/kusto-server/tables.ts";
import { understand } from "../../../src/emulator/kusto-server/understand.ts";

const DAY_MS = 86_400_000;
let tables: KustoTables;

beforeAll(() => {
  tables = new KustoTables();
  const item = (WorkItemId: string, MachineName: string, State: string, daysAgo: number) => ({
    JobId: "1",
    WorkItemId,
    WorkItemName: `name ${WorkItemId}`,
    MachineName,
    QueueName: "main",
    State,
    FinishedAt: new Date(Date.now() - daysAgo * DAY_MS).toISOString(),
  });
  tables.add("WorkItems", [
    item("a", "A", "Failed", 1),
    item("b", "B", "Failed", 10),
    item("c", "C", "Done", 1),
    item("c", "C", "Done", 2),
  ]);
  tables.add("Files", [
    { JobId: "1", WorkItemId: "a", FileName: "X.JSON", Uri: "https://h/1?sv=1&se=2030-01-02T00%3A00%3A00Z" },
    { JobId: "1", WorkItemId: "a", FileName: "y.json", Uri: "https://h/2?se=2030-01-01T00%3A00%3A00Z&sig=x" },
    { JobId: "1", WorkItemId: "b", FileName: "z.txt", Uri: "https://h/3" },
  ]);
});
afterAll(() => tables.close());

/** The answer's rows, each as one text. */
function rows(text: string, parameters: Record<string, string> = {}): string[] {
  const { sql, values } = understand(tables, text, parameters, Date.now());
  return [...tables.select(sql, values)].map((row) => (row as unknown[]).join(" "));
}

describe("the stand-in for Kusto", () => {
  it.each([
    ["WorkItems | where State == 'Failed' | project WorkItemId | order by WorkItemId asc", ["a", "b"]],
    ["WorkItems | where State =~ 'failed' | project WorkItemId | order by WorkItemId", ["b", "a"]],
    ["WorkItems | where State == 'failed' | count", ["0"]],
    ["WorkItems | where State != 'Failed' | distinct WorkItemId", ["c"]],
    ["WorkItems | distinct WorkItemId | count", ["3"]],
    ["WorkItems | take 2 | count", ["2"]],
    ["WorkItems | where FinishedAt > ago(5d) and State == 'Failed' | project WorkItemId", ["a"]],
    ["WorkItems | where (State == 'Done' or MachineName in ('A', 'X')) | distinct WorkItemId | count", ["2"]],
    [
      "WorkItems | where MachineName in~ ('b') // lower\n | project Id=tostring(WorkItemId), QueueName",
      ["b main"],
    ],
    ["let Bad = WorkItems | where State == 'Failed'; Bad | where WorkItemId startswith 'A' | count;", ["1"]],
    ["Files | where FileName endswith '.json' | where FileName contains 'x' | project FileName", ["X.JSON"]],
    [
      'Files | summarize Files=count(), LinksEnd=min(extract(@"[?&]se=([^&]+)", 1, Uri)) by JobId, WorkItemId | order by WorkItemId asc',
      ["1 a 2 2030-01-01T00%3A00%3A00Z", "1 b 1 "],
    ],
  ])("answers %s", (text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it("answers by parameters, or by their defaults", () => {
    const text = `declare query_parameters(machines:dynamic, state:string = "Failed", since:datetime = datetime(2000-01-01));
      WorkItems
      | where FinishedAt >= since and (isempty(state) or State == state)
      | where array_length(machines) == 0 or MachineName in (machines)
      | distinct WorkItemId | order by WorkItemId asc`;
    expect(rows(text, { machines: "dynamic([])" })).toEqual(["a", "b"]);
    expect(rows(text, { machines: 'dynamic(["B","C"])', state: '""' })).toEqual(["b", "c"]);
    expect(rows(text, { machines: "dynamic([])", since: "datetime(2999-01-01)" })).toEqual([]);
  });

  it("slices by hash so that each row is in one slice", () => {
    const slices = [0, 1, 2].map((index) =>
      rows(`WorkItems | project WorkItemId | where hash(WorkItemId, 3) == ${index}`),
    );
    expect(slices.flat().toSorted((a, b) => a.localeCompare(b))).toEqual(["a", "b", "c", "c"]);
  });

  it.each([
    ["Nowhere", "Failed to resolve table expression named 'Nowhere'"],
    ["Files | where Nothing == 'a'", "Failed to resolve scalar expression named 'Nothing'"],
    ["Files | where FileName == nothing", "Failed to resolve scalar expression named 'nothing'"],
    ["Files | order by Nothing", "Failed to resolve scalar expression named 'Nothing'"],
    ["Files | where strlen(FileName) > 3", "this stand-in does not know 'strlen(FileName) > 3'"],
    ["Files | sumarize count()", "at 'sumarize'"],
    ["Files | where (FileName == 'a'", "'(' is not closed"],
    ["Files | where FileName == 'a", "a quote is not closed"],
    ["// nothing", "there is no tabular statement"],
  ])("refuses %s", (text, words) => {
    expect(() => rows(text)).toThrow(words);
  });

  it.each([
    ["long", "one"],
    ["datetime", "soon"],
    ["dynamic", "A,B"],
    ["string", '"a" + "b"'],
    ["string", '"not closed'],
  ])("refuses a %s that is %s", (type, value) => {
    const text = `declare query_parameters(p:${type}); Files`;
    expect(() => rows(text, { p: value })).toThrow("Query parameter 'p'");
  });
});
