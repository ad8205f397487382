import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import stringWidth from "string-width";
import { expect, it } from "vitest";
import { textWidth } from "../../src/terminal/text-width.ts";

it("any text is as wide as string-width finds it, with and without colours", () => {
  const colours = constantFrom("\u001b[1m", "\u001b[31m", "\u001b[39m", "\u001b[0m");
  const piece = oneof(string(), string({ unit: "grapheme" }), colours);
  assert(
    property(array(piece), (pieces) => {
      expect(textWidth(pieces.join(""))).toBe(stringWidth(pieces.join("")));
    }),
  );
});

it("knows wide and combined characters", () => {
  expect(["漢字", "é", "👩‍👩‍👧", "\u001b[32mok\u001b[0m", ""].map(textWidth)).toEqual([4, 1, 2, 2, 0]);
});
