import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printableJson } from "../../src/core/unprintable.ts";
import { printable, printableLine } from "../../src/terminal/printable.ts";
import { quote } from "../../src/terminal/shell.ts";
import { paint } from "../../src/terminal/style.ts";

describe("printable text", () => {
  it("shows as code points what would move the cursor or reorder the line", () => {
    expect(printable("a\u001b[2Jb\nc\u009bd\u202ee")).toBe("a\\u{1b}[2Jb\\u{a}c\\u{9b}d\\u{202e}e");
  });

  it("shows as code points what cannot be seen", () => {
    expect(printable("a\u200bb\u200dc\u2060d\u00ade\u3164f\u{e0041}g\ud800")).toBe(
      String.raw`a\u{200b}b\u{200d}c\u{2060}d\u{ad}e\u{3164}f\u{e0041}g\u{d800}`,
    );
  });

  it("leaves every other text as it is, joined emoji too", () => {
    for (const text of ["Prüfbericht 報告 🎉 100%+#.json", "👨‍👩‍👧.json", "❤️", "👩🏽‍🚀", "नमस्ते"]) {
      expect(printable(text)).toBe(text);
    }
  });
});

describe("a printable line", () => {
  it("keeps the colours that we paint and shows every other escape sequence", () => {
    const line = `${paint("red", "error:", { color: true })} \u001b[8mhidden\u001b]0;title\u0007`;
    expect(printableLine(line, { color: true })).toBe(
      `${paint("red", "error:", { color: true })} \\u{1b}[8mhidden\\u{1b}]0;title\\u{7}`,
    );
    expect(printableLine("\u001b[31mred", { color: false })).toBe("\\u{1b}[31mred");
  });
});

describe("printable JSON", () => {
  it("is the same value, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = printableJson(JSON.stringify({ text }));
        expect(JSON.parse(json)).toEqual({ text });
        expect(printable(json)).toBe(json);
      }),
    );
  });
});

describe("a word for a shell", () => {
  const word = "it's $x\u001b[2J\u202e1 “q”";

  it("is written by bash's escapes where a terminal could not show it", () => {
    expect(quote(word, "bash")).toBe(String.raw`$'it\'s $x\033[2J\342\200\2561 “q”'`);
  });

  it("is written by PowerShell's escapes where a terminal could not show it", () => {
    expect(quote(word, "powershell")).toBe('"it\'s `$x$([char]0x1b)[2J$([char]0x202e)1 `“q`”"');
  });
});
