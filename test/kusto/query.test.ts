import { describe, expect, it } from "vitest";
import { startFaultyKusto } from "../support/kusto-server.ts";
import { filesOf, FOR_EVER, lookup, open } from "./support.ts";

describe("a query", () => {
  it("gives the rows of the tables, by columns with their types", async () => {
    await using server = await startFaultyKusto();
    server.tables.add("Files", filesOf("a", 2));
    using opened = open(server);
    const table = await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(table.columns.map(({ name, type }) => `${name}:${type}`)).toEqual([
      "JobId:string",
      "WorkItemId:string",
      "WorkItemName:string",
      "Uri:string",
      "FileName:string",
    ]);
    expect(table.rows.map((row) => row[4])).toEqual(["0.json", "1.json"]);
    expect(table.bytes).toBeGreaterThan(500);
    expect(opened.kusto.sent).toBe(1);
    expect(opened.kusto.place).toBe(`${new URL(server.url).host}/db`);
  });
});
