import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  familySizes,
  giftNumber,
  parentPartition,
  partitionName,
  subPartition,
} from "../../src/core/sub-partition.ts";
import { BlobNames } from "../../src/machines/blob-names.ts";

describe("the number of a sub-partition", () => {
  const names = BlobNames.forRun({ target: "t", csvDigest: "d" });

  it("tells its parent and which gift it is, and so does the name of its record", () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(5_000), (parent, number) => {
        const partition = subPartition(parent, number);
        expect([parentPartition(partition), giftNumber(partition)]).toEqual([parent, number]);
        expect(BlobNames.partitionOfRecord(names.record(1, partition))).toBe(partition);
      }),
    );
    expect(names.record(1, subPartition(12, 1))).toMatch(/\/000012-001$/);
  });

  it("is read as 12-1", () => {
    expect([12, subPartition(12, 1)].map(partitionName)).toEqual(["12", "12-1"]);
  });

  it("counts with its parent where work items are counted by their hash", () => {
    const sizes = new Map([
      [0, 5],
      [subPartition(3, 1), 2],
      [subPartition(3, 2), 4],
    ]);
    expect(familySizes(sizes)).toEqual(
      new Map([
        [0, 5],
        [3, 6],
      ]),
    );
  });
});
