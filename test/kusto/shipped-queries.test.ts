/** Every KQL text that is shipped, and what is put behind it, before Microsoft's own parser. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkColumns } from "../../src/catalog/kusto/columns.ts";
import { DEFAULT_LOOKUP_QUERY, LOOKUP_COUNT, LOOKUP_ORDER } from "../../src/catalog/kusto/lookup-query.ts";
import { COLUMNS } from "../../src/emulator/kusto-server/tables.ts";
import { resultSlice, textColumns } from "../../src/find/find.ts";
import { piped } from "../../src/kusto/query-text.ts";
import { DOCS, kqlInDocs, parseKql } from "../support/kql-parser.ts";

const folder = join(import.meta.dirname, "..", "..", "queries");
const shipped = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
const finding = shipped.filter(({ name }) => name !== "lookup.kql");
const strings = (...names: string[]) => names.map((name) => ({ name, type: "string" }));

describe("Microsoft's parser", () => {
  it("knows the documented tables, which are the stand-in's", () => {
    for (const [table, columns] of Object.entries(COLUMNS)) {
      expect(parseKql(table)).toEqual({
        problems: [],
        columns: columns.map(({ name, type }) => `${name}:${type}`),
      });
    }
  });

  it.each([
    ["a misspelt column", ["FileName endswith", "FileNam endswith"]],
    ["a misspelt table", ["Files", "File"]],
    ["a misspelt parameter", ["in (jobIds)", "in (jobs)"]],
    ["a misspelt operator", ["| project", "| projekt"]],
    ["a comparison that does not fit the type", ["WorkItemId in (workItemIds)", "WorkItemId > 5"]],
  ] as const)("finds %s", (_, [right, wrong]) => {
    const text = DEFAULT_LOOKUP_QUERY.replace(right, wrong);
    expect(text).not.toBe(DEFAULT_LOOKUP_QUERY);
    expect(parseKql(text).problems).not.toEqual([]);
  });
});

describe("the lookup query", () => {
  const columns = strings("JobId", "WorkItemId", "WorkItemName", "Uri", "FileName").map(
    ({ name }) => `${name}:string`,
  );

  it.each(["", "| take 0", LOOKUP_ORDER])("gives the columns of a file with %j behind it", (tail) => {
    expect(parseKql(piped(DEFAULT_LOOKUP_QUERY, tail))).toEqual({ problems: [], columns });
  });

  it("counts the files of each work item", () => {
    expect(parseKql(piped(DEFAULT_LOOKUP_QUERY, LOOKUP_COUNT))).toEqual({
      problems: [],
      columns: ["JobId:string", "WorkItemId:string", "Files:long", "LinksEnd:string"],
    });
  });

  it("is made plain when a query gives ids of other types or further columns", () => {
    const text = `declare query_parameters(workItemIds:dynamic);
      Files | where WorkItemId in (workItemIds)
      | project JobId=tolong(JobId), WorkItemId=toguid(WorkItemId), Uri, FileName=parse_json(FileName), More=1, Length=5`;
    const types = {
      JobId: "long",
      WorkItemId: "guid",
      Uri: "string",
      FileName: "dynamic",
      More: "long",
      Length: "long",
    };
    const found = Object.entries(types).map(([name, type]) => ({ name, type }));
    expect(parseKql(text).columns).toEqual(found.map(({ name, type }) => `${name}:${type}`));
    expect(parseKql(piped(text, `${checkColumns(found)}\n${LOOKUP_ORDER}`))).toEqual({
      problems: [],
      columns: ["JobId:string", "WorkItemId:string", "Uri:string", "FileName:string", "Length:long"],
    });
  });

  it("is the one in queries/ and in the docs", () => {
    expect(shipped.find(({ name }) => name === "lookup.kql")?.text).toContain(DEFAULT_LOOKUP_QUERY);
    expect(kqlInDocs()).toContain(DEFAULT_LOOKUP_QUERY);
  });
});

describe("the queries of find", () => {
  it.each(finding)("$name gives the columns of the CSV, whole, counted and in slices", ({ text }) => {
    const columns = ["JobId:string", "WorkItemId:string", "WorkItemName:string"];
    expect(parseKql(text)).toEqual({ problems: [], columns });
    const asTexts = textColumns(strings("JobId", "WorkItemId", "WorkItemName"));
    for (const tail of ["| take 0", asTexts, `${asTexts}\n${resultSlice(4, 1)}`]) {
      expect(parseKql(piped(text, tail))).toEqual({ problems: [], columns });
    }
    expect(parseKql(piped(text, "| count"))).toEqual({ problems: [], columns: ["Count:long"] });
  });

  it("are all in the docs", () => {
    expect(finding.map(({ name }) => name)).not.toEqual([]);
    for (const { name } of finding) expect(DOCS).toContain(`| \`${name.replace(".kql", "")}\` |`);
  });
});

describe("the docs", () => {
  const queries = kqlInDocs().filter((text) => !text.startsWith("."));

  it("show some queries", () => expect(queries.length).toBeGreaterThan(2));

  it.each(queries)("show only queries without a mistake: %#", (text) => {
    expect(parseKql(text).problems).toEqual([]);
  });
});
