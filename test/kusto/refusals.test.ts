import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import {
  forbidden,
  lowMemory,
  runaway,
  type ServiceRefusal,
  throttled,
  timedOut,
} from "../../src/emulator/kusto-server/service-refusal.ts";
import { COLUMNS, KustoTables } from "../../src/emulator/kusto-server/tables.ts";
import { type KustoQuery, KustoTooMuch } from "../../src/kusto/kusto.ts";
import { thrownBy } from "../azure/support.ts";
import { errorMessage } from "../../src/report/messages.ts";
import { type Fault, startFaultyKusto } from "../support/kusto-server.ts";
import { startStub } from "../support/stub-server.ts";
import { filesOf, FOR_EVER, lookup, open } from "./support.ts";

/** What a query ends with, and how often it was asked. */
async function ends(
  query: KustoQuery,
  fault?: Fault,
  options: Parameters<typeof startFaultyKusto>[0] = {},
): Promise<{ error: unknown; asked: number }> {
  await using server = await startFaultyKusto({ ...options, fault: () => fault });
  server.tables.add("Files", filesOf("a", 10));
  using opened = open(server);
  const error = await thrownBy(opened.kusto.query(query, FOR_EVER));
  return { error, asked: server.queries };
}

const text = (kql: string): KustoQuery => ({ text: kql, parameters: {} });

describe("a query that is wrong", () => {
  it("is told with the service's request id, when causes are asked for", async () => {
    const body = '{"error":{"code":"BadRequest","@message":"no","@permanent":true}}';
    await using server = await startStub([
      { status: 404 },
      { status: 400, headers: { "x-ms-activity-id": "activity-1" }, body },
    ]);
    using opened = open(server);
    const error = (await thrownBy(opened.kusto.query(text("Files"), FOR_EVER))) as ReuploadError;
    expect(errorMessage(error, true)).toMatchObject({
      code: "kusto-invalid",
      causes: ["query: HTTP 400, no (request id activity-1)"],
    });
  });

  it.each([
    ["an unknown table", text("Nowhere | take 1"), "'Nowhere'"],
    [
      "an unknown column",
      text("Files | project Nothing"),
      "SEM0100: 'project' operator: Failed to resolve scalar expression named 'Nothing'",
    ],
    ["a syntax error", text("Files | wher JobId == 'a'"), "SYN0002: A recognition error occurred at 'wher'."],
    [
      "a parameter without a value",
      { text: lookup([]).text, parameters: {} },
      "Query parameter 'jobIds' was declared but is not specified",
    ],
  ])("is told in the service's own words: %s", async (_, query, words) => {
    const { error, asked } = await ends(query);
    expect(error).toBeInstanceOf(ReuploadError);
    expect(error).toMatchObject({ code: "kusto-invalid", exitCode: 2 });
    expect((error as Error).message).toContain(words);
    expect(asked).toBe(1);
  });

  it("is told for an unknown database", async () => {
    const { error } = await ends(lookup(["a"]), undefined, { database: "other" });
    expect(error).toMatchObject({ code: "kusto-invalid" });
    expect((error as Error).message).toContain("Entity ID 'db' of kind 'Database' was not found");
  });

  it("is reported for a column that the table has lost", async () => {
    const columns = { Files: COLUMNS.Files.filter(({ name }) => name !== "Uri") };
    const { error } = await ends(lookup(["a"]), undefined, { tables: new KustoTables({ columns }) });
    expect((error as Error).message).toContain("named 'Uri'");
  });

  it("is never sent to the endpoint of commands", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server);
    const error = await thrownBy(opened.kusto.query(text(".drop table Files"), FOR_EVER));
    expect(error).toMatchObject({ code: "kusto-invalid" });
    expect(server.requests.map(({ path }) => path)).toEqual(["/v2/rest/query"]);
  });
});

describe("a database that may not be read", () => {
  it("is a permission error at once, with the role to ask for", async () => {
    const { error, asked } = await ends(lookup(["a"]), { refuse: forbidden("db") });
    expect(error).toMatchObject({ code: "permission", exitCode: 4 });
    expect((error as ReuploadError).message).toContain("is not authorized to read database 'db'");
    expect((error as ReuploadError).advice).toContain("Viewer");
    expect(asked).toBe(1);
  });
});

describe("a query that is too much", () => {
  const partial = (refusal: ServiceRefusal): Fault => ({ partial: refusal, afterRows: 3 });

  it("says so when the answer has too many rows", async () => {
    const { error, asked } = await ends(lookup(["a"]), undefined, { maxRows: 5 });
    expect(error).toBeInstanceOf(KustoTooMuch);
    expect(error).toMatchObject({ why: "result-too-large" });
    expect((error as Error).message).toContain("record count limit 5 (E_QUERY_RESULT_SET_TOO_LARGE");
    expect(asked).toBe(1);
  });

  it("says so when the answer has too many bytes", async () => {
    const { error } = await ends(lookup(["a"]), undefined, { maxBytes: 500 });
    expect(error).toMatchObject({ why: "result-too-large" });
  });

  it.each<[string, Fault, string]>([
    ["memory, before the first row", { refuse: lowMemory() }, "out-of-memory"],
    ["memory, after some rows", partial(lowMemory()), "out-of-memory"],
    ["a query that runs away", partial(runaway()), "out-of-memory"],
    ["time, before the first row", { refuse: timedOut() }, "timeout"],
    ["time, after some rows", partial(timedOut()), "timeout"],
  ])("says so for %s, without another try", async (_, fault, why) => {
    const { error, asked } = await ends(lookup(["a"]), fault);
    expect(error).toBeInstanceOf(KustoTooMuch);
    expect(error).toMatchObject({ why });
    expect(asked).toBe(1);
  });
});

describe("a partial answer", () => {
  it("is an error also when only an event at its end says so", async () => {
    const said = { error: { code: "Oops", "@message": "it went wrong", "@permanent": true } };
    const table = (kind: string, columns: readonly string[], rows: readonly unknown[]) => ({
      FrameType: "DataTable",
      TableKind: kind,
      Columns: columns.map((name) => ({ ColumnName: name, ColumnType: "string" })),
      Rows: rows,
    });
    const frames = [
      { FrameType: "DataSetHeader", Version: "v2.0" },
      table("PrimaryResult", ["a"], [["1"]]),
      table("QueryCompletionInformation", ["Level", "Payload"], [[2, JSON.stringify(said)]]),
      { FrameType: "DataSetCompletion", HasErrors: false },
    ];
    const { error } = await ends(lookup(["a"]), { status: 200, body: JSON.stringify(frames) });
    expect(error).toMatchObject({ code: "kusto-invalid" });
    expect((error as Error).message).toContain("it went wrong");
  });

  it("is an error, never some of the rows", async () => {
    await using server = await startFaultyKusto({
      fault: (_, index) => (index < 2 ? { partial: throttled(), afterRows: 3 } : undefined),
    });
    server.tables.add("Files", filesOf("a", 10));
    using opened = open(server);
    const { rows } = await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(rows).toHaveLength(10);
    expect(opened.kusto.sent).toBe(3);
    expect(opened.attempts.figures).toMatchObject({ retries: 2, throttles: 2 });
  });
});
