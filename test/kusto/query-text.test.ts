import { describe, expect, it } from "vitest";
import { declaredParameters, piped, readQueryText } from "../../src/kusto/query-text.ts";

describe("the text of a query's file", () => {
  const text = "Files | where Name == 'ä'";

  it.each<[string, Buffer]>([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\uFEFF${text}`)],
    ["UTF-16", Buffer.from(`\uFEFF${text}`, "utf16le")],
    ["UTF-16, the other end first", Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
  ])("is read as %s", (_, file) => {
    expect(readQueryText(file)).toBe(text);
  });
});

describe("a query with operators behind it", () => {
  it("keeps what stands before them, position for position", () => {
    expect(piped("T\n| where a == 1", "| take 0")).toBe("T\n| where a == 1\n| take 0");
  });

  it.each([
    ["T ; ", "T"],
    ["T; // done", "T"],
    ["T // a comment", "T"],
    ["T // a comment; with more\n\n", "T"],
    ["let x = 1; T | where a == x;\r\n// the end\r\n;", "let x = 1; T | where a == x"],
    ['T | where a == "//" // not the same', 'T | where a == "//"'],
    ['T | where a == ";"', 'T | where a == ";"'],
    ["T | where a == 'it\\'s; // here'", "T | where a == 'it\\'s; // here'"],
    ['T | where a == @"c:\\"; // verbatim', 'T | where a == @"c:\\"'],
    ['T | where a == @"say ""x"" // y"', 'T | where a == @"say ""x"" // y"'],
    ["T | where a == h'secret//'", "T | where a == h'secret//'"],
    ["T | where a == ```\n// text;\n``` ;", "T | where a == ```\n// text;\n```"],
    ["T | where a == ~~~;//~~~", "T | where a == ~~~;//~~~"],
    ["T | where a contains 'https://x'//", "T | where a contains 'https://x'"],
  ])("ends after its last statement in %j", (text, head) => {
    expect(piped(text, "| take 0")).toBe(`${head}\n| take 0`);
  });
});

describe("the parameters of a query", () => {
  it("are those that it declares, with type and default", () => {
    const text = `// declare query_parameters(no:string);
      declare query_parameters ( ids : dynamic, since:DateTime = datetime(2024-01-01, 2), // until:datetime
        name:string = "a, b:string", state: string );
      T | where x in (ids)`;
    expect(declaredParameters(text)).toEqual([
      { name: "ids", type: "dynamic", hasDefault: false },
      { name: "since", type: "datetime", hasDefault: true },
      { name: "name", type: "string", hasDefault: true },
      { name: "state", type: "string", hasDefault: false },
    ]);
  });

  it("are none without a declaration", () => {
    expect(declaredParameters("T | where a == 'declare query_parameters(x:string);'")).toEqual([]);
    expect(declaredParameters("")).toEqual([]);
  });

  it("are gathered from several declarations, without what is malformed", () => {
    expect(
      declaredParameters("declare query_parameters(a:int);declare query_parameters(b:long, c, d:);"),
    ).toEqual([
      { name: "a", type: "int", hasDefault: false },
      { name: "b", type: "long", hasDefault: false },
    ]);
  });
});
