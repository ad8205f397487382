import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { expect, it } from "vitest";
import { blobUrl } from "../../../src/azure/calls/blob-url.ts";
import { encodeName, nameProblem } from "../../../src/core/target-name.ts";

it("a blob's URL is its encoded name in the container, or the name is refused", () => {
  const container = "https://account.blob.core.windows.net/results";
  const part = constantFrom(
    "a",
    "Z9",
    "_",
    "-",
    "~",
    ".",
    "..",
    "/",
    " ",
    "%2e",
    "%",
    "ä",
    "\\",
    "?",
    "#",
    "'",
  );
  const name = oneof(
    string({ unit: "grapheme" }),
    array(part).map((parts) => parts.join("")),
  );
  assert(
    property(name, (each) => {
      const expected = `${container}/${encodeName(each)}`;
      if (nameProblem(each) !== undefined) expect(() => blobUrl(container, each)).toThrow(nameProblem(each));
      else {
        expect(blobUrl(container, each)).toBe(expected);
        expect(new URL(expected).href).toBe(expected);
      }
    }),
    { numRuns: 1_000 },
  );
});
