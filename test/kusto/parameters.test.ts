import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readParameters } from "../../src/kusto/parameters.ts";
import { declaredParameters } from "../../src/kusto/query-text.ts";

/** Reads these texts for a query that declares these parameters. */
function read(declaration: string, ...texts: string[]): ReturnType<typeof readParameters> {
  return readParameters(texts, declaredParameters(`declare query_parameters(${declaration});\nT`));
}

describe("a parameter", () => {
  it.each([
    ["p:string", "p=a,b c", { type: "string", value: "a,b c" }],
    ["p:string", "p=", { type: "string", value: "" }],
    ["p:string", "p= a=b ", { type: "string", value: " a=b " }],
    ["p:string", 'p="quoted"', { type: "string", value: '"quoted"' }],
    ["p:long", "p=-42", { type: "long", value: -42n }],
    ["p:long", "p=9223372036854775807", { type: "long", value: 9_223_372_036_854_775_807n }],
    ["p:int", "p=42", { type: "int", value: 42 }],
    ["p:real", "p=1.5e3", { type: "real", value: 1500 }],
    ["p:bool", "p=True", { type: "bool", value: true }],
    ["p:datetime", "p=2026-01-31", { type: "datetime", value: "2026-01-31T00:00:00.000Z" }],
    ["p:datetime", "p=2026-01-31T10:00", { type: "datetime", value: "2026-01-31T10:00:00.000Z" }],
    ["p:datetime", "p=2026-01-31 10:00:00.5+02:00", { type: "datetime", value: "2026-01-31T08:00:00.500Z" }],
    ["p:timespan", "p=7d", { type: "timespan", value: "7d" }],
    ["p:timespan", "p=1.02:03:04", { type: "timespan", value: "1.02:03:04" }],
    [
      "p:guid",
      "p=74be27de-1e4e-49d9-b579-fe0b331d3642",
      { type: "guid", value: "74be27de-1e4e-49d9-b579-fe0b331d3642" },
    ],
    ["p:dynamic", "p=A,B, C", { type: "dynamic", value: ["A", "B", "C"] }],
    ["p:dynamic", "p=[]", { type: "dynamic", value: [] }],
    ["p:dynamic", 'p=["A,B",7]', { type: "dynamic", value: ["A,B", "7"] }],
  ])("is read when it is declared as %s, from %s", (declaration, text, value) => {
    expect(read(declaration, text)).toEqual({ p: value });
  });

  it("may be given in parts when it is a list", () => {
    expect(read("p:dynamic", "p=A", 'p=["B,C"]')).toEqual({ p: { type: "dynamic", value: ["A", "B,C"] } });
  });

  it("may be left out when it has a default", () => {
    expect(read("p:string, since:datetime = datetime(2026-01-01)", "p=x")).toEqual({
      p: { type: "string", value: "x" },
    });
  });

  it.each([
    ["p:string", ["q=1"], "--param q: the query declares no parameter", "The query declares: p"],
    ["p:string", ["p"], '--param "p" is not name=value', "--param machines=A,B,C"],
    ["p:string", [], "The query's parameter p (string) has no value", "--param p=text"],
    ["p:string", ["p=a", "p=b"], "--param p is given twice", "a list (dynamic)"],
    ["p:long", ["p=1.5"], "--param p=1.5 is not a value of type long", "--param p=42"],
    ["p:long", ["p=9223372036854775808"], "is not a value of type long", "--param p=42"],
    ["p:int", ["p=2147483648"], "is not a value of type int", "--param p=42"],
    ["p:real", ["p=1,5"], "is not a value of type real", "--param p=1.5"],
    ["p:bool", ["p=yes"], "is not a value of type bool", "--param p=true"],
    ["p:datetime", ["p=yesterday"], "is not a value of type datetime", "2026-01-31"],
    ["p:datetime", ["p=2026-02-30"], "is not a value of type datetime", "2026-01-31"],
    ["p:datetime", ["p=2026-01-31T25:00"], "is not a value of type datetime", "2026-01-31"],
    ["p:timespan", ["p=7 days"], "is not a value of type timespan", "7d"],
    ["p:guid", ["p=1"], "is not a value of type guid", "74be27de-"],
    ["p:dynamic", ["p=A,,B"], "is not a value of type dynamic", "A,B,C"],
    ["p:dynamic", ["p= "], "--param p is empty", "A,B,C"],
    ["p:dynamic", ['p=["A"'], "is not a value of type dynamic", "A,B,C"],
    ["p:dynamic", ['p=[{"a":1}]'], "is not a value of type dynamic", "A,B,C"],
    ["p:decimal", ["p=1"], "is of type decimal, which --param cannot give", "string, int, long"],
  ])("is refused when it is declared as %s and given as %j", (declaration, texts, message, advice) => {
    expect(() => read(declaration, ...texts)).toThrow(
      expect.objectContaining({
        code: "bad-option",
        exitCode: 2,
        message: expect.stringContaining(message) as string,
        advice: expect.stringContaining(advice) as string,
      }),
    );
  });

  it("is refused for a query that declares none, with how to declare it", () => {
    expect(() => readParameters(["p=1"], [])).toThrow(
      expect.objectContaining({ advice: expect.stringContaining("query_parameters(p:string)") as string }),
    );
  });

  it("is taken as it is when it is a text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        expect(read("p:string", `p=${value}`)).toEqual({ p: { type: "string", value } });
      }),
    );
  });
});
