import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLiteral } from "../../src/emulator/kusto-server/literals.ts";
import { toLiteral } from "../../src/kusto/literals.ts";
import { textsInLiteral } from "../support/kql-parser.ts";
import { startFaultyKusto } from "../support/kusto-server.ts";
import { FOR_EVER, lookup, open } from "./support.ts";

/** What would do harm if it were joined into a text, and what a literal could be mistaken for. */
const AWKWARD = [
  'a" | take 1 //',
  "'); drop",
  '"',
  '"quoted"',
  "'quoted'",
  '@"verbatim"',
  'h"hidden"',
  'dynamic(["a"])',
  '"a"] | take 1',
  "```",
  "~~~ ```",
  "\\",
  '\\"',
  "a\\u0041",
  "line\nline\r\nline",
  "\u2028\u2029\u0085\u007f\0",
  "😀 💩",
  "é\u0301 ﷽",
  "//",
  ";",
  "{{}}",
  "%s",
  "",
  " ",
];

/** Any texts, halves of surrogate pairs included. */
const anyText = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom('"', "'", "\\", "`", "@", "u", "0", ")", "]", "\n", "|") }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

describe("a value as a literal", () => {
  it("is read by Microsoft's own parser as the text that it is", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(textsInLiteral(toLiteral({ type: "string", value }))).toEqual([value]);
      }),
    );
  });

  it("is read by Microsoft's own parser as the list that it is", () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 4 }), (value) => {
        expect(textsInLiteral(toLiteral({ type: "dynamic", value }))).toEqual(value);
      }),
    );
  });

  it("is read by the stand-in as the value that it is", () => {
    fc.assert(
      fc.property(anyText, fc.array(anyText), (value, list) => {
        expect(readLiteral("p", "string", toLiteral({ type: "string", value }))).toBe(value);
        expect(readLiteral("p", "dynamic", toLiteral({ type: "dynamic", value: list }))).toEqual(list);
      }),
    );
  });

  it.each([
    [{ type: "long", value: -5n }, "long(-5)"],
    [{ type: "int", value: 7 }, "int(7)"],
    [{ type: "real", value: 1.5 }, "real(1.5)"],
    [{ type: "bool", value: true }, "bool(true)"],
    [{ type: "datetime", value: "2030-01-01T00:00:00.000Z" }, "datetime(2030-01-01T00:00:00.000Z)"],
    [{ type: "timespan", value: "7d" }, "timespan(7d)"],
  ] as const)("of %o is %s", (value, literal) => {
    expect(toLiteral(value)).toBe(literal);
    expect(() => textsInLiteral(literal)).not.toThrow();
  });
});

describe("ids that look like KQL", () => {
  it("come back as data", async () => {
    await using server = await startFaultyKusto();
    // SQLite ends a text at a zero byte; no id has one.
    const ids = AWKWARD.map((id) => id.replaceAll("\0", "0"));
    server.tables.add(
      "Files",
      ids.map((id) => ({
        JobId: "1",
        WorkItemId: id,
        WorkItemName: id,
        Uri: `https://h/${id}`,
        FileName: id,
      })),
    );
    using opened = open(server);
    const { rows } = await opened.kusto.query(lookup(ids, ""), FOR_EVER);
    expect(new Set(rows.map((row) => row[1]))).toEqual(new Set(ids));
    expect(rows).toHaveLength(ids.length);
    expect(rows.every((row) => row[4] === row[1] && row[2] === row[1])).toBe(true);
    for (const id of ids.filter((one) => one !== "")) {
      const alone = await opened.kusto.query(lookup([id], id), FOR_EVER);
      expect(alone.rows.map((row) => row[1])).toEqual([id]);
    }
  });

  it("come back as data, whatever they are", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server);
    const id = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { minLength: 1, maxLength: 20 }), async (ids) => {
        server.tables.clear("Files");
        server.tables.add(
          "Files",
          ids.map((one) => ({ JobId: "1", WorkItemId: one, Uri: "https://h/c/b", FileName: "f" })),
        );
        const { rows } = await opened.kusto.query(lookup(ids.slice(1), ""), FOR_EVER);
        expect(new Set(rows.map((row) => row[1]))).toEqual(new Set(ids.slice(1)));
      }),
      { numRuns: 50 },
    );
  });
});
