import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinkEnds } from "../../../src/catalog/listing/link-ends.ts";
import { linkExpiry } from "../../../src/core/file.ts";

const end = fc.constantFrom(
  "2030-01-01T00:00:00Z",
  "2030-01-01T00%3A00%3A00Z",
  "2031-06-05",
  "not a time",
  "",
);
const parameter = fc.oneof(
  end.map((text) => `se=${text}`),
  fc.constantFrom("sv=2024-11-04", "sig=abcse=", "use=2029-01-01", "sr=c", ""),
);
const link = fc
  .array(parameter, { maxLength: 4 })
  .map((parameters) => `https://a.example/se=x/f${parameters.length > 0 ? "?" : ""}${parameters.join("&")}`);

describe("the end of a link", () => {
  it("is what the whole query says, to the second, whatever link came before", () => {
    const ends = new LinkEnds();
    fc.assert(
      fc.property(link, (uri) => {
        expect(ends.of(uri)).toBe(Math.floor((linkExpiry(uri) ?? 0) / 1000));
      }),
      { numRuns: 500 },
    );
  });

  it("is kept within the 32 bits of the index", () => {
    const ends = new LinkEnds();
    expect(ends.of("https://a.example/f?se=1960-01-01")).toBe(1);
    expect(ends.of("https://a.example/f?se=9999-01-01")).toBe(2 ** 32 - 1);
  });
});
