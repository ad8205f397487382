import { describe, expect, it } from "vitest";
import { collect, resolve } from "../../src/config/config.ts";
import { byteSize, moment, patterns } from "../../src/config/filter-values.ts";
import { flagWords } from "../../src/config/flag-words.ts";
import type { RunOptionName } from "../../src/config/run-options.ts";

describe("patterns", () => {
  it("are one a line", () => {
    expect(patterns("*.json\nlogs/**\r\n\n/a,b;c")).toEqual(["*.json", "logs/**", "/a,b;c"]);
  });

  it.each([
    "[ab].{x,{y,z}}",
    "\\[a",
    "a\\}",
    "[]a]",
    "[!]]",
    "[[:alpha:]]x",
    "**/a",
    "a**",
    "{a/b,c}",
    "a b",
    "[a-z0-9_-]",
    "[z\\-a]",
  ])("take %s", (pattern) => {
    expect(patterns(pattern)).toEqual([pattern]);
  });

  it.each([
    ["", "expected a pattern such as *.json"],
    ["a[b", "[ without ]"],
    ["[a/b]", "[ without ]"],
    ["a{b", "{ without }"],
    ["a}b", "} without {"],
    ["a\\", "backslash"],
    ["logs/", "ends with a slash"],
    ["a//b", "empty segment"],
    ["../a", "segment . or .."],
    ["!a", "use --exclude"],
    ["a\u0007", "control character"],
    ["\ud800", "lone surrogate"],
    ["[z-a]", "a range whose end lies before its begin"],
    ["x[!a-c9-0]", "a range whose end lies before its begin"],
  ])("refuse %j", (pattern, why) => {
    expect(() => patterns(pattern)).toThrow(why);
  });

  it("become a flag each", () => {
    expect(flagWords({ include: "*.json\na/**", largerThan: "0" })).toEqual([
      "--include",
      "*.json",
      "--include",
      "a/**",
      "--larger-than",
      "0",
    ]);
  });
});

describe("a moment", () => {
  it.each([
    ["2026-11-01", "2026-11-01T00:00:00.000Z"],
    ["2026-11-01T08:00Z", "2026-11-01T08:00:00.000Z"],
    ["2026-11-01T08:00:30.5+01:00", "2026-11-01T07:00:30.500Z"],
  ])("%s is %s", (text, iso) => {
    expect(moment(text)).toEqual({ kind: "at", at: Date.parse(iso) });
  });

  it("may be a time before the run began", () => {
    expect(moment("7d")).toEqual({ kind: "ago", ms: 7 * 86_400_000 });
    expect(moment("1h30m")).toEqual({ kind: "ago", ms: 5_400_000 });
  });

  it.each([
    ["2026-11-01T08:00", "with its zone"],
    ["2026-02-30", "expected a time"],
    ["2026-13-01", "expected a time"],
    ["yesterday", "expected a time"],
    ["0s", "expected a time"],
    ["40000d", "expected a time"],
    ["", "expected a time"],
  ])("refuses %j", (text, why) => {
    expect(() => moment(text)).toThrow(why);
  });
});

it.each([
  ["0", 0],
  ["500B", 500],
  ["10MB", 10_000_000],
  ["1.5KiB", 1_536],
])("the size %s is %i bytes", (text, bytes) => {
  expect(byteSize(text)).toBe(bytes);
});

it.each(["500", "1Mbit", "-1B", "0.3B", "1e3B", "10 MB", "9999999999GB"])(
  "the size %j is refused",
  (text) => {
    expect(() => byteSize(text)).toThrow("expected a size such as");
  },
);

describe("a filter", () => {
  const settle = (flags: Partial<Record<RunOptionName, string>>) =>
    resolve(collect({ csv: "a.csv", sourceDir: "d", ...flags }, {}, "/nowhere"), {});

  it("that no file passes is refused", () => {
    expect(() => settle({ newerThan: "2026-11-02", olderThan: "2026-11-02" })).toThrow(
      "No file is modified as",
    );
    expect(() => settle({ newerThan: "1d", olderThan: "7d" })).toThrow("No file is modified as");
    expect(() => settle({ largerThan: "10MB", smallerThan: "1MB" })).toThrow("No file is so large as");
    expect(
      settle({ newerThan: "7d", olderThan: "1d", largerThan: "1MB", smallerThan: "10MB" }),
    ).toBeDefined();
  });

  it("that counts back from the begin of the run is refused with partitions, which begin at different times", () => {
    for (const share of [{ partition: "0", totalPartitions: "2" }, { partition: "auto" }]) {
      expect(() => settle({ ...share, newerThan: "7d" })).toThrow("--newer-than with a time before the run");
      expect(() => settle({ ...share, olderThan: "7d" })).toThrow("--older-than with a time before the run");
      expect(settle({ ...share, newerThan: "2026-11-01" }).newerThan).toBeDefined();
    }
  });
});
