/** The pictures of terminals: how they are drawn, and that the ones in docs can be shown to anybody. */
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readScreen } from "../../scripts/pictures/ansi-screen.ts";
import { screenToSvg } from "../../scripts/pictures/screen-svg.ts";
import { secretsIn } from "../support/secret-scan.ts";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "docs", "pictures");
const names = readdirSync(folder);

/** What is wrong with the nesting of its elements or with a sign that XML reserves. */
function xmlFaults(text: string): string[] {
  const open: string[] = [];
  const faults: string[] = [];
  for (const [, close, name = "", attributes = "", empty] of text.matchAll(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi,
  )) {
    if (close === "/" && open.pop() !== name) faults.push(`</${name}>`);
    if (close === "" && empty === "") open.push(name);
    if (/&(?!amp;|lt;|gt;|quot;)/.test(attributes)) faults.push(attributes);
  }
  const between = text.replaceAll(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/gi, "");
  return [...faults, ...open, ...(between.match(/[<>]|&(?!amp;|lt;|gt;|quot;)/g) ?? [])];
}

describe("a picture of a terminal", () => {
  const lines = readScreen("\u001b[1mFiles\u001b[0m   3 \u001b[32mdone\u001b[39m <&>\n\n  x\n\n");

  it("has the words with their columns and looks, without the empty end of the screen", () => {
    expect(lines.map((runs) => runs.map(({ column, text }) => [column, text]))).toEqual([
      [
        [0, "Files"],
        [5, "   3 "],
        [10, "done"],
        [14, " <&>"],
      ],
      [],
      [[0, "  x"]],
    ]);
    expect(lines[0]?.[0]?.look.isBold).toBe(true);
    expect(lines[0]?.[2]?.look.color).toBe("green");
  });

  it("is XML with a title, a description, and colours for dark and light", () => {
    const svg = screenToSvg({ title: "a < b", description: "c & d", lines });
    expect(xmlFaults(svg)).toEqual([]);
    expect(svg).toContain('<title id="title">a &lt; b</title>');
    expect(svg).toContain('class="green"');
    expect(svg).toContain("prefers-color-scheme: light");
    expect(xmlFaults("<a><b></a>")).not.toEqual([]);
  });
});

describe("the pictures in docs", () => {
  it("are all shown on a page", () => {
    const pages = ["README.md", "docs/first-run.md"]
      .map((page) => readFileSync(join(root, page), "utf8"))
      .join("\n");
    expect(names.filter((name) => !pages.includes(`pictures/${name})`))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(4);
  });

  it.each(names)(
    "%s is XML that says what it shows, with no path, host or secret of the machine that drew it",
    (name) => {
      const svg = readFileSync(join(folder, name), "utf8");
      expect(xmlFaults(svg)).toEqual([]);
      expect(svg).toMatch(/<title id="title">[^<]+<\/title>\n<desc id="description">[^<]+<\/desc>/);
      expect(svg).toMatch(/<text[^>]*>[^<]+<\/text>/);
      expect(secretsIn(svg, name)).toEqual([]);
      expect(svg).not.toMatch(/\/(tmp|home|root|work|Users)\/|<script|href=/);
      expect(svg).not.toMatch(new RegExp(`>${hostname()}<`));
    },
  );
});
