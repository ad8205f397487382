/** Which rows of an answer belong to which work item, and which columns it must have. */
import { describe, expect, it } from "vitest";
import { divideAnswer } from "../../../src/catalog/kusto/answer.ts";
import { checkColumns } from "../../../src/catalog/kusto/columns.ts";
import { LookupQuery } from "../../../src/catalog/kusto/lookup-query.ts";
import { openCatalog, workItem } from "./support.ts";

const LINK = "https://account.blob.core.windows.net/c/x?sig=SECRET";

function answer(...rows: readonly (readonly [string, string, string?])[]) {
  const columns = ["JobId", "WorkItemId", "WorkItemName", "Uri", "FileName", "Length", "ContentMD5"];
  return {
    columns: columns.map((name) => ({ name, type: "string" })),
    rows: rows.map(([jobId, id, name = ""], at) => [jobId, id, name, LINK, `${at}.json`, at * 10, null]),
    bytes: 0,
  };
}

describe("an answer", () => {
  const asked = [workItem("7", "a"), workItem("8", "b")];

  it("is divided by job and work item, and takes the least name, the length and the digest when they are there", () => {
    const table = answer(["b", "8", "Zoe"], ["a", "7", ""], ["b", "8", "Adam"]);
    expect(divideAnswer(asked, table, true)).toEqual({
      strayRows: 0,
      lookups: [
        {
          workItem: asked[0],
          workItemName: "",
          problems: [],
          files: [{ fileName: "1.json", uri: LINK, length: 10 }],
        },
        {
          workItem: asked[1],
          workItemName: "Adam",
          problems: [],
          files: [
            { fileName: "0.json", uri: LINK, length: 0 },
            { fileName: "2.json", uri: LINK, length: 20 },
          ],
        },
      ],
    });
  });

  it("may hold pairs that nobody asked for, because both lists are asked for at once", () => {
    const { lookups, strayRows } = divideAnswer(asked, answer(["a", "8"], ["b", "7"]), true);
    expect(strayRows).toBe(0);
    expect(lookups.every(({ files, problems }) => files.length + problems.length === 0)).toBe(true);
  });

  it("may hold other jobs when the query takes no job ids", () => {
    expect(divideAnswer(asked, answer(["c", "8"]), false).strayRows).toBe(0);
    expect(divideAnswer(asked, answer(["c", "8"]), true).strayRows).toBe(1);
  });

  it("counts the rows of work items that nobody asked for", () => {
    const { lookups, strayRows } = divideAnswer(asked, answer(["a", "9"], ["a", "9"], ["c", "d"]), true);
    expect(strayRows).toBe(3);
    expect(lookups.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it("fails a work item once when its key differs from what was asked in case or white space alone", () => {
    const given = [workItem("w-a", "JOB"), workItem("w-b", "JOB")];
    const { lookups, strayRows } = divideAnswer(given, answer(["JOB", "W-A "], ["JOB", "W-A "]), true);
    expect(strayRows).toBe(2);
    expect(lookups.map(({ problems }) => problems)).toEqual([
      ['the catalog has files for JobId "JOB", WorkItemId "W-A ", which differs from the ids in the CSV'],
      [],
    ]);
  });
});

describe("the columns of a lookup", () => {
  const columns = (types: Record<string, string>) =>
    Object.entries(types).map(([name, type]) => ({ name, type }));
  const PLAIN = { JobId: "string", WorkItemId: "string", Uri: "string", FileName: "string" };

  it("are taken as they are when they are the wanted ones", () => {
    expect(checkColumns(columns(PLAIN))).toBe("");
    expect(
      checkColumns(columns({ ...PLAIN, WorkItemName: "string", Length: "long", ContentMD5: "string" })),
    ).toBe("");
  });

  it("are converted to texts, and columns that are not wanted are not fetched", () => {
    expect(checkColumns(columns({ Extra: "real", ...PLAIN, JobId: "long", Length: "int" }))).toBe(
      "| project JobId=tostring(JobId), WorkItemId, Uri, FileName, Length",
    );
  });

  it.each([
    [{ ...PLAIN, Uri: undefined }, "has no column Uri"],
    [{ ...PLAIN, FileName: undefined, Filename: "string" }, "has no column FileName"],
    [{ ...PLAIN, JobId: "datetime" }, "returns JobId as datetime instead of string"],
    [{ ...PLAIN, Uri: "long" }, "returns Uri as long instead of string"],
    [{ ...PLAIN, Length: "string" }, "returns Length as string instead of long"],
    [{ ...PLAIN, Uri: undefined, ContentMD5: "real" }, "has no column Uri and returns ContentMD5 as real"],
  ])("are refused: %j", (types, problem) => {
    const found = Object.entries(types).filter((entry): entry is [string, string] => entry[1] !== undefined);
    expect(() => checkColumns(columns(Object.fromEntries(found)))).toThrow(
      expect.objectContaining({
        code: "kusto-invalid",
        message: expect.stringContaining(problem) as string,
      }),
    );
  });

  it("are checked when the catalog is opened", async () => {
    const text = (name: string) => ({ name, type: "string" });
    const Files = [text("JobId"), text("WorkItemId"), text("Uri"), text("Filename")];
    const query = "declare query_parameters(workItemIds:dynamic); Files | where WorkItemId in (workItemIds)";
    const { KustoTables } = await import("../../../src/emulator/kusto-server/tables.ts");
    await expect(openCatalog({ tables: new KustoTables({ columns: { Files } }) }, query)).rejects.toThrow(
      "The lookup query has no column FileName; its columns are: JobId (string), WorkItemId (string), Uri (string), Filename (string)",
    );
    await expect(openCatalog({ tables: new KustoTables({ columns: { Files } }) })).rejects.toThrow(
      expect.objectContaining({
        code: "kusto-invalid",
        message: expect.stringContaining("FileName") as string,
      }),
    );
  });
});

describe("a lookup query", () => {
  const query = (text: string | undefined, fileSuffix = ".json") => new LookupQuery({ text, fileSuffix });
  const own = "declare query_parameters(workItemIds:dynamic); Files | where WorkItemId in (workItemIds)";

  it("gets the parameters that it declares, with each id once", () => {
    const asked = [workItem("7", "a"), workItem("8", "a"), workItem("8", "b")];
    expect(query(undefined).parameters(asked)).toEqual({
      jobIds: { type: "dynamic", value: ["a", "b"] },
      workItemIds: { type: "dynamic", value: ["7", "8"] },
      fileSuffix: { type: "string", value: ".json" },
    });
    expect(query(own).parameters(asked)).toEqual({ workItemIds: { type: "dynamic", value: ["7", "8"] } });
  });

  it.each([
    ["Files", "declares no parameter workItemIds"],
    ["declare query_parameters(jobIds:dynamic); Files", "declares no parameter workItemIds"],
    [
      "declare query_parameters(workItemIds:string); Files",
      "declares workItemIds as string instead of dynamic",
    ],
    [
      "declare query_parameters(workItemIds:dynamic, since:datetime); Files",
      "the parameter since without a default",
    ],
  ])("is refused: %s", (text, problem) => {
    expect(() => query(text)).toThrow(
      expect.objectContaining({ code: "kusto-invalid", message: expect.stringContaining(problem) as string }),
    );
  });

  it("may have parameters of its own when they have a default", () => {
    expect(() => query("declare query_parameters(workItemIds:dynamic, n:int = 5); Files")).not.toThrow();
  });

  it("is part of the catalog's identity, whatever its line ends are", () => {
    const identity = (text?: string, suffix?: string) => query(text, suffix).identity("host/db");
    expect(identity()).toBe("kusto:host/db#.json");
    expect(identity(undefined, "?a b")).toBe("kusto:host/db#%3Fa%20b");
    expect(identity(own)).toMatch(/^kusto:host\/db#query-[0-9a-f]{12}$/);
    expect(identity(own.replace("; ", ";\r\n"))).toBe(identity(`${own.replace("; ", ";\n")}\n`));
    expect(identity(own)).not.toBe(identity(`${own} | take 5`));
    // It does not take the suffix.
    expect(identity(own, ".xml")).toBe(identity(own));
  });
});
