import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromSourceColumn,
  fromTextColumn,
  toSourceColumn,
  toTextColumn,
  cutUriBase,
} from "../../../src/state/sqlite/columns.ts";

/** Any text, ill-formed Unicode too, with many that begin alike. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "/", "+", "1", "\ud83d", "\ude00", "é") }),
);

describe("a name as a column", () => {
  it("comes back as it was, whatever it holds", () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(fromTextColumn(toTextColumn(name))).toBe(name);
      }),
    );
  });

  it("is plain text unless UTF-8 cannot hold it", () => {
    expect(toTextColumn("results/täst 😀.json")).toBe("results/täst 😀.json");
    expect(toTextColumn("half \ud83d")).toBeInstanceOf(Uint8Array);
  });
});

describe("a link as a column", () => {
  it("comes back as it was, whatever the first link of the work item was", () => {
    fc.assert(
      fc.property(text, text, text, text, (firstName, firstLink, name, link) => {
        const base = cutUriBase(firstLink + firstName, firstName);
        for (const uri of [link, base + name, base + link, base.slice(0, 3) + link]) {
          expect(fromSourceColumn(base, name, toSourceColumn(base, name, uri))).toBe(uri);
        }
      }),
    );
  });

  it("takes no bytes when it is the common base and the name", () => {
    const base = cutUriBase("https://a.example/c/item/results/one.json", "results/one.json");
    expect(base).toBe("https://a.example/c/item/");
    expect(toSourceColumn(base, "other/two.json", "https://a.example/c/item/other/two.json")).toBeNull();
  });

  it("takes the bytes that differ from the base when the name is encoded, or stands elsewhere", () => {
    const base = "https://a.example/c/item/";
    expect(toSourceColumn(base, "a b.json", `${base}a%20b.json`)).toBe("25+a%20b.json");
    expect(toSourceColumn(base, "x.json", "https://b.example/x.json")).toBe("8+b.example/x.json");
  });
});
