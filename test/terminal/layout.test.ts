import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { cut, flow } from "../../src/terminal/layout.ts";
import { printable } from "../../src/terminal/printable.ts";
import type { TextStyle } from "../../src/terminal/style.ts";

const plain = (width: number): TextStyle => ({ width, unicode: true, color: false });

describe("cut text", () => {
  it("fits the width and ends in the sign", () => {
    expect(cut("abcdef", plain(4))).toBe("abc…");
    expect(cut("abcdef", { ...plain(5), unicode: false })).toBe("ab...");
    expect(cut("abcd", plain(4))).toBe("abcd");
  });

  it("counts columns, and keeps whole what is one character to the eye", () => {
    expect(cut("報告報告", plain(6))).toBe("報告…");
    expect(cut("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", plain(5))).toBe("👨‍👩‍👧👨‍👩‍👧…");
  });
});

describe("a row of pieces", () => {
  const pieces = [{ text: "1,098 of 5,000 done" }, { text: "2 failed" }, { text: "3,900 left" }];

  it("is one line where it fits", () => {
    expect(flow("Files", pieces, 12, plain(60))).toEqual([
      "Files       1,098 of 5,000 done, 2 failed, 3,900 left",
    ]);
  });

  it("continues under the first piece where it does not fit", () => {
    expect(flow("Files", pieces, 12, plain(42))).toEqual([
      "Files       1,098 of 5,000 done, 2 failed,",
      "            3,900 left",
    ]);
  });

  it("breaks a piece that is wider than a line at its spaces", () => {
    expect(flow("Waiting", [{ text: "for a very long name of a service" }], 12, plain(36))).toEqual([
      "Waiting     for a very long name of",
      "            a service",
    ]);
  });

  it("never loses a piece to colour: painted and plain lines break alike", () => {
    const painted = pieces.map((piece) => ({ ...piece, paint: "red" as const }));
    const lines = flow("Files", painted, 12, { ...plain(42), color: true });
    expect(lines.map((line) => stringWidth(line))).toEqual(
      flow("Files", pieces, 12, plain(42)).map((line) => stringWidth(line)),
    );
  });

  it("keeps within the width, whatever the pieces", () => {
    const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 60 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 24, max: 120 }), (list, width) => {
        const lines = flow(
          "Label",
          list.map((text) => ({ text: printable(text) })),
          12,
          plain(width),
        );
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
