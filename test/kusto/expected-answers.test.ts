/** What counts as an answer of the service: every other text is a network problem, never rows. */
import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import { NotAnAnswer, readAnswer } from "../../src/kusto/answer.ts";
import { thrownBy } from "../azure/support.ts";
import { type Fault, startFaultyKusto } from "../support/kusto-server.ts";
import { type StubAnswer, startStub } from "../support/stub-server.ts";
import { filesOf, FOR_EVER, lookup, open } from "./support.ts";

const HEADER = { FrameType: "DataSetHeader", IsProgressive: false, Version: "v2.0" };
const END = { FrameType: "DataSetCompletion", HasErrors: false, Cancelled: false };
const columns = (types: Readonly<Record<string, string>>) =>
  Object.entries(types).map(([ColumnName, ColumnType]) => ({ ColumnName, ColumnType }));
const TWO = columns({ Name: "string", Size: "long" });

const result = (rows: unknown, of: unknown = TWO, id = 1) => ({
  FrameType: "DataTable",
  TableId: id,
  TableKind: "PrimaryResult",
  Columns: of,
  Rows: rows,
});
const text = (...frames: readonly unknown[]): string => JSON.stringify([HEADER, ...frames, END]);
const header = { ...result([]), FrameType: "TableHeader", Rows: undefined };
const part = (rows: unknown, id = 1) => ({ FrameType: "TableFragment", TableId: id, Rows: rows });

describe("a text that is no answer", () => {
  it.each<[string, string, string]>([
    ["nothing", "", "it is empty"],
    ["blanks", "\r\n ", "it is empty"],
    ["a web page", " <!DOCTYPE html><html></html>", "it is a web page"],
    ["words", "Access denied", "it is no JSON"],
    ["JSON that breaks off", '[{"FrameType":"DataSetH', "it breaks off or is no JSON, after 23 bytes"],
    ["a number", "5", "it is JSON without the frames"],
    ["null", "null", "it is JSON without the frames"],
    ["an empty list", "[]", "it does not begin with the header"],
    ["an object", "{}", "it is JSON without the frames"],
    ["an answer of version 1", '{"Tables":[{"Columns":[],"Rows":[]}]}', "it is JSON without the frames"],
    ["frames that are none", '[{"FrameType":"DataSetHeader"},5]', "it is JSON without the frames"],
    ["no header", JSON.stringify([result([]), END]), "it does not begin with the header"],
    ["another version", JSON.stringify([{ ...HEADER, Version: "v1.0" }, END]), "it does not begin with"],
    ["no end", JSON.stringify([HEADER, result([["a", 1]])]), "its last frame is missing"],
    [
      "an end that says nothing",
      JSON.stringify([HEADER, { FrameType: "DataSetCompletion" }]),
      "its last frame",
    ],
    ["no result", text(), "it has no result"],
    ["no columns", text(result([], null)), "a table has no columns"],
    ["no names of columns", text(result([], [{}])), "a column has no name or no type"],
    ["two columns of one name", text(result([], [...TWO, ...TWO])), "two columns have the name Name"],
    ["no rows", text(result(undefined)), "a table has no rows"],
    ["an object in place of a row", text(result([["a", 1], { Name: "b" }])), "row 2 of its result is no row"],
    ["a text in place of a row", text(result(["ab"])), "row 1 of its result is no row"],
    ["errors without any", text(result([{ OneApiErrors: [] }])), "row 1 of its result is no row"],
    ["a row that is short", text(result([["a"]])), "has 1 cells for 2 columns"],
    ["a row that is long", text(result([["a", 1, 2]])), "has 3 cells for 2 columns"],
    ["a number for a text", text(result([[7, 1]])), "has a number in Name, promised is a string"],
    ["a text for a number", text(result([["a", "1"]])), "has a string in Size, promised is a long"],
    ["an object for a text", text(result([[{}, 1]])), "has a object in Name, promised is a string"],
    ["a part of no table", text(header, part([["a", 1]], 2)), "a part of a table that was not announced"],
    ["a part with other rows", text(header, part([["a"]])), "has 1 cells for 2 columns"],
    [
      "fewer rows than announced",
      text(header, part([["a", 1]]), { FrameType: "TableCompletion", TableId: 1, RowCount: 2 }),
      "its result has 1 rows, announced are 2",
    ],
  ])("is told from one: %s", (_, given, why) => {
    expect(() => readAnswer(given)).toThrow(NotAnAnswer);
    expect(() => readAnswer(given)).toThrow(why);
  });
});

describe("a text that is an answer", () => {
  it("gives the rows of its table, whose cells may be null", () => {
    const all = columns({
      a: "string",
      b: "long",
      c: "real",
      d: "bool",
      e: "dynamic",
      f: "decimal",
      g: "new",
    });
    const rows = [
      ["x", 1, 0.5, true, { any: 1 }, "1.5", 1],
      [null, null, "NaN", 1, [1], null, "y"],
    ];
    expect(readAnswer(text(result(rows, all)))).toMatchObject({ rows });
    expect(readAnswer(text(result([])))).toMatchObject({
      columns: [{ name: "Name" }, { name: "Size" }],
      rows: [],
    });
  });

  it("may come in parts", () => {
    const end = { FrameType: "TableCompletion", TableId: 1, RowCount: 2 };
    expect(readAnswer(text(header, part([["a", 1]]), part([["b", 2]]), end))).toMatchObject({
      rows: [
        ["a", 1],
        ["b", 2],
      ],
    });
  });

  it("is refused with two results, also when they have one id", () => {
    expect(readAnswer(text(result([]), result([])))).toMatchObject({ kind: "invalid" });
  });

  it.each<[string, object, object]>([
    [
      "among the rows",
      { OneApiErrors: [{ error: { message: "oops" } }] },
      { kind: "transient", said: "oops" },
    ],
    ["as version 1 gives it", { Exceptions: ["oops"] }, { kind: "transient", said: "oops" }],
    [
      "as version 1 gives it, of a limit",
      { Exceptions: ["has exceeded the limit 500000 (E_QUERY_RESULT_SET_TOO_LARGE)"] },
      { kind: "too-much", why: "result-too-large" },
    ],
  ])("may hold an error in place of rows: %s", (_, row, refusal) => {
    expect(readAnswer(text(result([["a", 1], row])))).toMatchObject(refusal);
  });

  it("that ended with errors is never rows, even when it names none", () => {
    const ended = (end: object) => JSON.stringify([HEADER, result([["a", 1]]), { ...END, ...end }]);
    expect(readAnswer(ended({ HasErrors: true }))).toMatchObject({ kind: "transient" });
    expect(readAnswer(ended({ Cancelled: true }))).toMatchObject({ kind: "transient" });
  });
});

const PAGE = { "content-type": "text/html; charset=utf-8" };

/** The first query meets this, the second one nothing. */
async function secondTry(fault: Fault) {
  await using server = await startFaultyKusto({ fault: (_, index) => (index === 0 ? fault : undefined) });
  server.tables.add("Files", filesOf("a", 3));
  using opened = open(server);
  const { rows } = await opened.kusto.query(lookup(["a"]), FOR_EVER);
  return { rows: rows.length, log: opened.signIn.log };
}

describe("something between this machine and the cluster", () => {
  it.each<[string, Fault]>([
    ["200 and rows that are none", { status: 200, body: text(result([{ Name: "a" }])) }],
    ["200 and another JSON", { status: 200, body: '{"status":"ok"}' }],
    ["a redirect", { status: 302, body: "" }],
    ["204", { status: 204, body: "" }],
    ["400 and a page", { status: 400, body: "<html>no</html>" }],
    ["403 and a page", { status: 403, body: "<html>blocked</html>" }],
    ["404 and nothing", { status: 404, body: "" }],
    ["407", { status: 407, body: "<html>who are you?</html>" }],
    ["401 without a challenge", { status: 401, body: "<html>who are you?</html>" }],
    ["511", { status: 511, body: "<html>sign in to the network</html>" }],
  ])("is not the cluster: it is asked again, and the sign-in is not judged: %s", async (_, fault) => {
    expect(await secondTry(fault)).toEqual({ rows: 3, log: ["given 1", "given 1", "accepted"] });
  });

  it.each<[string, StubAnswer, string]>([
    [
      "a page",
      { status: 200, headers: PAGE, body: "<html></html>" },
      "(HTTP 200, text/html; charset=utf-8): it is a web page",
    ],
    [
      "a page that blocks",
      { status: 403, headers: PAGE, body: "<html></html>" },
      "(HTTP 403, text/html; charset=utf-8)",
    ],
    ["a redirect", { status: 302, headers: { location: "https://portal.example" } }, "(HTTP 302)"],
  ])("is named when it answers to the end, by attempts and by outage: %s", async (_, answer, words) => {
    await using server = await startStub((_request, index) => (index === 0 ? { status: 404 } : answer));
    const { host } = new URL(server.url);
    using tried = open(server, { policy: { maxAttempts: 2 } });
    using waited = open(server, { gate: { maxFirstWaitMs: 100, fewRequests: true } });
    for (const { kusto } of [tried, waited]) {
      const error = await thrownBy(kusto.query(lookup(["a"]), FOR_EVER));
      expect(error).toBeInstanceOf(ReuploadError);
      expect(error).toMatchObject({ code: "unavailable", exitCode: 6 });
      expect((error as Error).message).toContain(
        `something between this machine and ${host} answered ${words}`,
      );
    }
  });

  it.each([
    ["cut JSON", '[{"FrameType":"DataSetH', "it breaks off or is no JSON, after 23 bytes"],
    ["nothing", "", "it is empty"],
  ])("is not blamed for an answer that begins well: %s", async (_, body, words) => {
    await using server = await startFaultyKusto({ fault: () => ({ status: 200, body }) });
    using opened = open(server, { gate: { maxFirstWaitMs: 100, fewRequests: true } });
    const error = (await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER))) as Error;
    expect(error.message).toContain("does not answer");
    expect(error.message).toContain(`the answer of ${new URL(server.url).host} cannot be used`);
    expect(error.message).toContain(words);
  });

  it.each<[string, StubAnswer]>([
    ["a web page", { status: 200, headers: PAGE, body: "<html></html>" }],
    ["an empty page", { status: 200, body: "" }],
    ["JSON without a cloud", { status: 200, body: "{}" }],
    ["a list", { status: 200, body: "[]" }],
    ["a cloud without its parts", { status: 200, body: '{"AzureAD":{}}' }],
    [
      "a cloud with a part that is no address",
      { status: 200, body: '{"AzureAD":{"LoginEndpoint":"https://l","KustoServiceResourceId":"x"}}' },
    ],
    ["403", { status: 403, headers: PAGE }],
    ["401", { status: 401 }],
    ["302", { status: 302, headers: { location: "https://portal.example" } }],
    ["511", { status: 511 }],
  ])("that answers for the cluster's cloud is not believed: %s", async (_, page) => {
    await using server = await startStub(() => page);
    using opened = open(server, { policy: { maxAttempts: 3 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toMatchObject({ code: "unavailable" });
    expect((error as Error).message).toContain(
      `something between this machine and ${new URL(server.url).host}`,
    );
    expect(server.requests).toHaveLength(3);
    expect(opened.signIn.log).toEqual([]);
  });

  it("is not what a cluster without a cloud of its own is", async () => {
    await using server = await startStub([
      { status: 200, body: '{"AzureAD":null}' },
      { status: 200, body: text(result([["a", 1]])) },
    ]);
    using opened = open(server);
    expect((await opened.kusto.query(lookup(["a"]), FOR_EVER)).rows).toHaveLength(1);
  });
});
