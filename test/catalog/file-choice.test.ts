import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseFiles } from "../../src/catalog/file-choice.ts";
import type { FileFilter } from "../../src/core/file-filter.ts";

const BEGAN = Date.UTC(2026, 10, 29, 20);

function takes(filter: Partial<FileFilter>, ...names: string[]): string[] {
  const choose = chooseFiles({ include: [], exclude: [], ...filter }, BEGAN);
  return names.filter((fileName) => choose({ fileName }));
}

/** A pattern in parts, of which the text and a regular expression are made: the grammar that the docs promise. */
const letter = fc.constantFrom("a", "b", ".", "-", "é", "日");
const plain = letter.map((char) => ({ text: char, source: `\\u{${char.codePointAt(0)?.toString(16)}}` }));
const sign = fc.constantFrom(
  { text: "*", source: "[^/]*" },
  { text: "?", source: "[^/]" },
  { text: "[ab]", source: "[ab]" },
  { text: "[!ab]", source: "[^ab/]" },
  { text: "[a-c]", source: "[a-c]" },
  { text: "{a,bb}", source: "(?:a|bb)" },
  { text: "\\*", source: "\\*" },
);
const segment = fc
  .array(fc.oneof({ weight: 3, arbitrary: plain }, sign), { minLength: 1, maxLength: 4 })
  .map((parts) => ({
    text: parts.map(({ text }) => text).join(""),
    source: parts.map(({ source }) => source).join(""),
  }))
  // Two stars in a row mean something only as a whole segment; `.` and `..` are no names.
  .filter(({ text }) => !text.includes("**") && !/^\.+$/.test(text));
const globstar = fc.constant({ text: "**", source: "**" });
const pattern = fc.array(fc.oneof({ weight: 4, arbitrary: segment }, globstar), {
  minLength: 1,
  maxLength: 4,
});

/** Of the whole path: `**` stands for any number of segments, at the end for at least one. */
function pathSource(segments: readonly { readonly source: string }[]): string {
  const [first, ...rest] = segments;
  if (first === undefined) return "";
  const { source } = first;
  if (source === "**") {
    if (rest.length === 0) return "[^/]+(?:/[^/]+)*";
    return `(?:[^/]+/)*${pathSource(rest)}`;
  }
  // A segment that is empty is no segment.
  const own = `(?=[^/])${source}`;
  return rest.length === 0 ? own : `${own}/${pathSource(rest)}`;
}

const part = fc
  .array(fc.constantFrom("a", "b", "c", ".", "-", "*", "é", "日"), { minLength: 1, maxLength: 4 })
  .map((chars) => chars.join(""))
  .filter((text) => !/^\.+$/.test(text));
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

describe("patterns", () => {
  it("mean what the documentation says, by a simple reference", () => {
    let matches = 0;
    fc.assert(
      fc.property(pattern, fc.array(name, { minLength: 4, maxLength: 8 }), (segments, names) => {
        const text = segments.map((one) => one.text).join("/");
        const whole = new RegExp(`^${pathSource(segments)}$`, "u");
        const wanted = names.filter((fileName) =>
          whole.test(segments.length > 1 ? fileName : fileName.slice(fileName.lastIndexOf("/") + 1)),
        );
        matches += wanted.length;
        expect(takes({ include: [text] }, ...names)).toEqual(wanted);
        expect(takes({ exclude: [text] }, ...names)).toEqual(names.filter((one) => !wanted.includes(one)));
      }),
      { numRuns: 1_000 },
    );
    expect(matches).toBeGreaterThan(200);
  });

  it("without a slash match the last part, with one the whole path, and one at the beginning only the top", () => {
    const names = ["a.json", "x/a.json", "x/y/a.json", "logs/a.json"];
    expect(takes({ include: ["*.json"] }, ...names)).toEqual(names);
    expect(takes({ include: ["/*.json"] }, ...names)).toEqual(["a.json"]);
    expect(takes({ include: ["*/*.json"] }, ...names)).toEqual(["x/a.json", "logs/a.json"]);
    expect(takes({ include: ["logs/**"] }, ...names)).toEqual(["logs/a.json"]);
    expect(takes({ include: ["**/a.json"] }, ...names)).toEqual(names);
  });

  it("tell upper from lower case, and take names that begin with a dot", () => {
    expect(takes({ include: ["*.json"] }, "a.JSON", ".a.json", ".json")).toEqual([".a.json", ".json"]);
  });

  it("take what one of --include matches and none of --exclude", () => {
    const filter = { include: ["*.json", "*.xml"], exclude: ["tmp*"] };
    expect(takes(filter, "a.json", "a.xml", "tmp.json", "a.txt")).toEqual(["a.json", "a.xml"]);
  });
});

describe("bounds", () => {
  const at = (text: string) => Date.parse(text);

  it("of one value divide the files: after and until, more and at most", () => {
    const moment = { kind: "at", at: at("2026-11-01T00:00Z") } as const;
    for (const modifiedAt of [moment.at - 1, moment.at, moment.at + 1]) {
      const [newer, older] = [{ newerThan: moment }, { olderThan: moment }].map((bound) =>
        chooseFiles({ include: [], exclude: [], ...bound }, BEGAN)({ fileName: "a", modifiedAt }),
      );
      expect([newer, older]).toEqual([modifiedAt > moment.at, modifiedAt <= moment.at]);
    }
    for (const length of [9, 10, 11]) {
      const [larger, smaller] = [{ largerThan: 10 }, { smallerThan: 10 }].map((bound) =>
        chooseFiles({ include: [], exclude: [], ...bound }, BEGAN)({ fileName: "a", length }),
      );
      expect([larger, smaller]).toEqual([length > 10, length <= 10]);
    }
  });

  it("leave out empty files by --larger-than 0", () => {
    const choose = chooseFiles({ include: [], exclude: [], largerThan: 0 }, BEGAN);
    expect([0, 1].map((length) => choose({ fileName: "a", length }))).toEqual([false, true]);
  });

  it("count back from the begin of the run", () => {
    const filter = { include: [], exclude: [], newerThan: { kind: "ago", ms: 3_600_000 } as const };
    const choose = chooseFiles(filter, BEGAN);
    const modified = [BEGAN - 3_600_000, BEGAN - 3_599_999, BEGAN + 1];
    expect(modified.map((modifiedAt) => choose({ fileName: "a", modifiedAt }))).toEqual([false, true, true]);
  });
});
