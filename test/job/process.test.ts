import { describe, expect, it, vi } from "vitest";
import { mayYoungGrow, readRss } from "../../src/job/process.ts";

const MIB = 2 ** 20;

describe("a young generation", () => {
  it("may grow up to its limit, however large the process is", () => {
    expect(mayYoungGrow(4 * MIB, { most: 8 * MIB, rss: 1024 * MIB })).toBe(true);
    expect(mayYoungGrow(8 * MIB, { most: 8 * MIB, rss: 1024 * MIB })).toBe(false);
  });

  it("may grow to 16 MiB beyond it where the process is small: small files need no memory for their content", () => {
    expect(mayYoungGrow(8 * MIB, { most: 8 * MIB, rss: 150 * MIB })).toBe(true);
    expect(mayYoungGrow(8 * MIB, { most: 8 * MIB, rss: 170 * MIB })).toBe(false);
    expect(mayYoungGrow(16 * MIB, { most: 8 * MIB, rss: 100 * MIB })).toBe(false);
  });

  it("is no smaller for that where its limit is higher", () => {
    expect(mayYoungGrow(16 * MIB, { most: 32 * MIB, rss: 150 * MIB })).toBe(true);
  });
});

describe("the size of the process", () => {
  it("is not known where there is no /proc, and that is no error: the young generation keeps to its limit", () => {
    const rss = vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
      throw new Error("ENOENT: no such file or directory, uv_resident_set_memory");
    });
    expect(mayYoungGrow(8 * MIB, { most: 8 * MIB, rss: readRss() })).toBe(false);
    rss.mockRestore();
    expect(readRss()).toBeGreaterThan(MIB);
  });
});
