import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";

const id = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.bigInt({ min: 0n, max: 10n ** 12n }).map(String),
);
const total = fc.integer({ min: 1, max: 2000 });

/** The published algorithm, written after the paper with nothing shared. */
function reference(workItemId: string, buckets: number): number {
  let key = createHash("sha256").update(workItemId, "utf8").digest().readBigUInt64LE(0);
  let bucket = -1n;
  let next = 0n;
  while (next < BigInt(buckets)) {
    bucket = next;
    key = BigInt.asUintN(64, key * 2862933555777941757n + 1n);
    next = BigInt(Math.trunc(Number(bucket + 1n) * (Number(1n << 31n) / Number((key >> 33n) + 1n))));
  }
  return Number(bucket);
}

describe("the partition of a work item", () => {
  it("agrees with the vectors of the specification", () => {
    expect(choosePartition("1889211721", 2)).toBe(0);
    expect(choosePartition("1913007684", 2)).toBe(0);
    expect(choosePartition("1889211722", 2)).toBe(1);
    expect(choosePartition("1913007685", 2)).toBe(1);
  });

  it("is the jump consistent hash of the id's SHA-256", () => {
    fc.assert(
      fc.property(id, total, (workItemId, n) => {
        expect(choosePartition(workItemId, n)).toBe(reference(workItemId, n));
      }),
    );
  });

  it("is one of N, the same every time it is asked for", () => {
    fc.assert(
      fc.property(id, total, (workItemId, n) => {
        const partition = choosePartition(workItemId, n);
        expect(Number.isInteger(partition) && partition >= 0 && partition < n).toBe(true);
        expect(choosePartition(workItemId, n)).toBe(partition);
      }),
    );
  });

  it("stays or moves to the new partition when one is added", () => {
    fc.assert(
      fc.property(id, total, (workItemId, n) => {
        expect([choosePartition(workItemId, n), n]).toContain(choosePartition(workItemId, n + 1));
      }),
    );
  });

  it("changes for about 1 in N+1 when one is added, and the shares stay about even", () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => String(1_889_211_721 + index));
    for (const n of [2, 5, 16]) {
      const before = ids.map((workItemId) => choosePartition(workItemId, n));
      const moved = ids.filter((workItemId, index) => choosePartition(workItemId, n + 1) !== before[index]);
      expect(moved.length / ids.length).toBeCloseTo(1 / (n + 1), 1.7);
      for (let p = 0; p < n; p++) {
        const share = before.filter((partition) => partition === p).length / ids.length;
        expect(share * n).toBeCloseTo(1, 0.7);
      }
    }
  });

  it("is refused for a total that is not a positive integer", () => {
    for (const n of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => choosePartition("1", n)).toThrow(RangeError);
    }
  });
});
