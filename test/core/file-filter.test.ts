import { describe, expect, it } from "vitest";
import { type FileFilter, filterRules, filterText, shownFilter } from "../../src/core/file-filter.ts";

const NONE: FileFilter = { include: [], exclude: [] };
const BEGAN = Date.UTC(2026, 10, 29, 20);

describe("the text of a filter", () => {
  it("is undefined for a filter that takes everything", () => {
    expect(filterText(NONE)).toBeUndefined();
    expect(filterRules(NONE)).toEqual({});
  });

  it("is the same whatever the order and the repetitions of patterns", () => {
    const one = filterText({ ...NONE, include: ["b", "a", "b"], exclude: ["*.tmp"] });
    expect(one).toBe('--include "a" --include "b" --exclude "*.tmp"');
    expect(filterText({ ...NONE, include: ["a", "b"], exclude: ["*.tmp", "*.tmp"] })).toBe(one);
  });

  it("tells times and sizes in the largest whole unit", () => {
    const filter: FileFilter = {
      ...NONE,
      newerThan: { kind: "ago", ms: 90 * 60_000 },
      olderThan: { kind: "at", at: BEGAN },
      largerThan: 0,
      smallerThan: 10_000_000,
    };
    expect(filterText(filter)).toBe(
      "--newer-than 90m --older-than 2026-11-29T20:00:00.000Z --larger-than 0B --smaller-than 10MB",
    );
    expect(filterText({ ...NONE, largerThan: 2 ** 21 })).toBe("--larger-than 2MiB");
  });

  it("has moments in place of times before the begin where machines compare it", () => {
    const filter: FileFilter = { ...NONE, newerThan: { kind: "ago", ms: 86_400_000 } };
    expect(filterRules(filter, BEGAN)).toEqual({ "--newer-than": "2026-11-28T20:00:00.000Z" });
    expect(shownFilter(filterText(filter) ?? "", BEGAN)).toBe(
      "--newer-than 1d (before 2026-11-29T20:00:00.000Z)",
    );
    expect(shownFilter('--exclude "a"', BEGAN)).toBe('--exclude "a"');
  });
});
