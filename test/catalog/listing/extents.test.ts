import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExtentShards, type KeyedExtent } from "../../../src/catalog/listing/extent-shards.ts";
import { type Extent, ExtentPacker, unpackExtents } from "../../../src/catalog/listing/extents.ts";

/** Extents as a listing has them: each behind the one before, up to places far beyond 32 bits. */
const extents = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 41 })),
      length: fc.integer({ min: 0, max: 1_200_000 }),
      rows: fc.integer({ min: 1, max: 70_000 }),
      lines: fc.oneof(fc.nat(200), fc.nat(2 ** 31 - 1)),
    }),
    { maxLength: 50 },
  )
  .map((parts) => {
    let end = 0;
    let line = 2;
    return parts.map(({ gap, length, rows, lines }): Extent => {
      const offset = end + gap;
      end = offset + length;
      line += lines;
      return { offset, length, rows, line };
    });
  });

describe("packed extents", () => {
  it("come out as they went in, one work item after the other", () => {
    const packer = new ExtentPacker();
    fc.assert(
      fc.property(extents, (all) => {
        for (const extent of all) packer.add(extent);
        expect([...unpackExtents(packer.take())]).toEqual(all);
      }),
    );
  });

  it("may be more than the packer's first memory holds", () => {
    const all = Array.from({ length: 30_000 }, (_, i) => ({
      offset: i * 2 ** 30,
      length: 300,
      rows: 1,
      line: i,
    }));
    const packer = new ExtentPacker();
    for (const extent of all) packer.add(extent);
    expect([...unpackExtents(packer.take())]).toEqual(all);
  });
});

describe("shards of extents", () => {
  it("give all extents by key, and those of one key in the order in which they came in", async () => {
    const path = join(tmpdir(), `reupload-shards-${randomUUID()}`);
    await writeFile(path, "");
    const shards = new ExtentShards(path, 3, 1000);
    // More than a block in each shard, a few keys with many extents and many keys with few.
    const all = Array.from({ length: 5000 }, (_, i): KeyedExtent => ({
      key: i % 3 === 0 ? (i * 7919) % 1000 : (i * 37) % 4,
      offset: i * 2 ** 33,
      line: i * 2 ** 20,
      length: i,
      rows: i + 1,
      linksEnd: 2 ** 32 - 1 - i,
    }));
    try {
      for (const extent of all) shards.add(extent);
      const groups = Array.from({ length: shards.count }, (_, shard) => [...shards.sorted(shard)]).flat();
      expect(groups.flat()).toEqual(all.toSorted((a, b) => a.key - b.key || a.offset - b.offset));
      expect(new Set(groups.map((group) => group[0]?.key)).size).toBe(groups.length);
    } finally {
      shards.close();
      await rm(path);
    }
  });
});
