import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CsvDigest, SeenKeys } from "../../src/core/csv-digest.ts";
import type { WorkItem } from "../../src/core/work-item.ts";

function digestOf(rows: readonly WorkItem[]): string {
  const digest = new CsvDigest();
  for (const row of rows) digest.add(row);
  return digest.toString();
}

const id = fc.string({ minLength: 1, maxLength: 3 });
const row = fc.record({ jobId: id, workItemId: id, workItemName: fc.constantFrom("", "a", "b") });
const rowKey = (item: WorkItem) => JSON.stringify([item.jobId, item.workItemId, item.workItemName]);

describe("the CSV's digest", () => {
  it("does not depend on the order or on repeated rows", () => {
    const shuffled = fc.array(row, { maxLength: 30 }).chain((rows) =>
      fc.tuple(
        fc.constant(rows),
        fc
          .tuple(fc.constant(rows), fc.subarray(rows))
          .map(([all, again]) => [...all, ...again])
          .chain((more) => fc.shuffledSubarray(more, { minLength: more.length })),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([rows, other]) => {
        expect(digestOf(other)).toBe(digestOf(rows));
      }),
    );
  });

  it("does not depend on which of two names of one work item comes first", () => {
    const rows = ["a", "b", "a"].map((workItemName) => ({ jobId: "1", workItemId: "2", workItemName }));
    expect(digestOf(rows)).toBe(digestOf(rows.toReversed()));
    expect(digestOf(rows.slice(0, 2))).toBe(digestOf(rows.slice(1)));
    expect(digestOf(rows)).toMatch(/^2-/);
  });

  it("differs when the sets of rows differ", () => {
    const rows = fc.uniqueArray(row, { selector: rowKey, minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.nat(), (all, pick) => {
        const without = all.toSpliced(pick % all.length, 1);
        expect(digestOf(without)).not.toBe(digestOf(all));
      }),
    );
  });

  it("tells the parts of a row apart", () => {
    const rows = [
      ["1", "2", "3"],
      ["12", "3", ""],
      ["1", "23", ""],
      ["2", "1", "3"],
    ].map(([jobId = "", workItemId = "", workItemName = ""]) => ({ jobId, workItemId, workItemName }));
    expect(new Set(rows.map((item) => digestOf([item]))).size).toBe(4);
  });

  it("says how many distinct rows there are, and never changes between versions", () => {
    expect(digestOf([])).toBe("0-00000000000000000000000000000000");
    const rows = ["1889211721", "1913007684"].map((workItemId) => ({
      jobId: "7",
      workItemId,
      workItemName: "",
    }));
    expect(digestOf(rows)).toBe("2-e10b395b1ecaf45883d786180220629f");
  });
});

describe("the sample of a CSV", () => {
  const item = (n: number): WorkItem => ({ jobId: "j", workItemId: String(n), workItemName: "" });
  const sampleOf = (rows: readonly WorkItem[]): string[] => {
    const digest = new CsvDigest();
    for (const one of rows) digest.add(one);
    return digest.sample();
  };
  const rows = Array.from({ length: 500 }, (_, n) => item(n));

  it("is the 64 smallest of its rows' hashes, whatever their order, repeated rows once", () => {
    const all = rows.flatMap((one) => sampleOf([one])).sort();
    expect(new Set(all).size).toBe(500);
    expect(sampleOf(rows)).toEqual(all.slice(0, 64));
    expect(sampleOf([...rows.toReversed(), ...rows])).toEqual(all.slice(0, 64));
    for (const hash of all) expect(hash).toMatch(/^[0-9a-f]{12}$/);
  });

  it("is all hashes of a small CSV, and empty for none", () => {
    expect(sampleOf(rows.slice(0, 3))).toHaveLength(3);
    expect(sampleOf([])).toEqual([]);
  });
});

describe("the keys seen", () => {
  it("are a set of job id and work item id, without the name", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const seen = new SeenKeys();
        const model = new Set<string>();
        for (const item of rows) {
          const key = JSON.stringify([item.jobId, item.workItemId]);
          expect(seen.add(item)).toBe(!model.has(key));
          model.add(key);
          expect(seen.size).toBe(model.size);
        }
      }),
    );
  });

  it("are kept when the table grows", () => {
    const seen = new SeenKeys();
    const items = Array.from({ length: 20_000 }, (_, index) => ({ jobId: "1", workItemId: String(index) }));
    expect(items.filter((item) => seen.add(item)).length).toBe(20_000);
    expect(items.filter((item) => seen.add(item)).length).toBe(0);
    expect(seen.size).toBe(20_000);
    expect(items.every((item) => seen.has(item))).toBe(true);
    expect(items.some(({ workItemId }) => seen.has({ jobId: "2", workItemId }))).toBe(false);
  });
});
