import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitUrl } from "../../../src/azure/wire/split-url.ts";

/** As a parser cuts it. */
function parsed(url: string): ReturnType<typeof splitUrl> {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}

const host = fc.constantFrom("account.blob.core.windows.net", "127.0.0.1:10000", "[::1]:10000", "HOST");
const piece = fc.oneof(
  fc.constantFrom(".", "..", "%2e%2E", ".hidden", "a'b", "a b", "%20", "é", "a\\b", ""),
  fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => text.replaceAll(/[?#]/g, "")),
);
const query = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((text) => `?v=${text}`),
  fc.constant("?a='"),
);
const urls = fc
  .tuple(fc.constantFrom("http", "https"), host, fc.array(piece, { minLength: 1, maxLength: 4 }), query)
  .map(([scheme, where, pieces, rest]) => `${scheme}://${where}/${pieces.join("/")}${rest}`);

describe("the parts of a URL", () => {
  it("are those that a parser gives, be it written out or not", () => {
    fc.assert(
      fc.property(urls, (url) => {
        expect(splitUrl(url)).toEqual(parsed(url));
      }),
    );
  });

  it.each([
    "https://account.blob.core.windows.net/results/a-b.json?comp=block&blockid=AAA%3D",
    "http://127.0.0.1:10000/devstoreaccount1/results?restype=container",
    "https://account.blob.core.windows.net/results/a/../b/./c",
    "https://account.blob.core.windows.net/results/%2e%2e/other",
    "https://account.blob.core.windows.net",
  ])("%s", (url) => {
    expect(splitUrl(url)).toEqual(parsed(url));
  });

  it("of what is no URL are refused", () => {
    expect(() => splitUrl("results/a")).toThrow(TypeError);
  });
});
