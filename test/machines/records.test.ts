import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlobNames, makeRunId } from "../../src/machines/blob-names.ts";
import { HASH_DIGITS, SAMPLE_SIZE } from "../../src/core/csv-digest.ts";
import { estimateOverlap } from "../../src/machines/csv-overlap.ts";
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  settingDifferences,
} from "../../src/machines/manifest.ts";
import { decodeSummary, encodeSummary, type RecordSummary } from "../../src/machines/record.ts";

const manifest: Manifest = {
  generation: 1,
  state: "open",
  highestGeneration: 1,
  former: undefined,
  reopened: 0,
  totalPartitions: 2,
  mode: "fixed",
  hashVersion: 1,
  queues: ["resultsqueue"],
  nameTemplate: "{workItemName}-{fileBaseName}",
  rules: { "--on-conflict": "fail" },
  csv: { digest: "d", rows: 3, workItems: 3, fileName: "f.csv", sample: ["a"] },
  writer: "w",
  tool: "0.1.0",
};

const count = fc.nat({ max: 1e12 });
const told: fc.Arbitrary<RecordSummary> = fc.record({
  state: fc.constantFrom("working", "left", "done"),
  host: fc.string({ unit: "grapheme", maxLength: 60 }),
  pid: fc.nat(),
  stateId: fc.uuid(),
  writerId: fc.uuid(),
  epoch: fc.nat(),
  since: count,
  counts: fc.record({
    workItems: count,
    completed: count,
    empty: count,
    failedWorkItems: count,
    skippedWorkItems: count,
    files: count,
    filesCompleted: count,
    filesFailed: count,
    filesSkipped: count,
    bytes: count,
  }),
  failures: fc.dictionary(fc.constantFrom("conflict", "source-not-found", "throttled"), count),
  filesPerSecond: fc.integer({ min: 0, max: 1e6 }).map((n) => n / 4),
  workItemsPerMinute: fc.integer({ min: 0, max: 1e6 }).map((n) => n / 4),
  etaMs: fc.option(count, { nil: undefined }),
});
/** What an older version does not tell. */
const summaries = fc
  .tuple(
    told,
    fc.record(
      {
        isPaused: fc.constant(true),
        expectedFiles: fc.record({ count, isKnown: fc.boolean() }),
        runFiles: fc.record({ count, isKnown: fc.boolean() }),
        filesVanished: fc.integer({ min: 1 }),
        filesLeftOut: fc.integer({ min: 1 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([summary, more]): RecordSummary => ({ ...summary, ...more }));

describe("the summary of a record", () => {
  it("comes back from its metadata as it was", () => {
    fc.assert(
      fc.property(summaries, (summary) => {
        expect(decodeSummary(encodeSummary(summary))).toEqual(summary);
      }),
    );
  });

  it("fits into headers: printable ASCII, under 8 KB", () => {
    fc.assert(
      fc.property(summaries, (summary) => {
        const pairs = Object.entries(encodeSummary(summary));
        for (const [name, value] of pairs) {
          expect(name).toMatch(/^[a-z]+$/);
          expect(value).toMatch(/^[\x20-\x7e]*$/);
          expect(value.trim()).toBe(value);
        }
        expect(pairs.flat().join("").length).toBeLessThan(8_000);
      }),
    );
  });

  it("is missing where nobody has claimed the partition yet", () => {
    expect(decodeSummary({})).toBeUndefined();
  });

  it.each([
    ["a state that does not exist", { state: "resting" }],
    ["a count that is no number", { epoch: "x" }],
    ["too few counts", { counts: "1 2" }],
  ])("is refused with %s", (_, change) => {
    const whole = encodeSummary(fc.sample(summaries, { numRuns: 1, seed: 1 })[0] as RecordSummary);
    expect(() => decodeSummary({ ...whole, ...change })).toThrow(/cannot be read/);
  });
});

describe("the manifest", () => {
  it("comes back from its bytes as it was", () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  it.each([
    ["no JSON", "<html>"],
    ["null", "null"],
    ["another document", JSON.stringify({ reupload: "control", version: 1 })],
    ["a newer version", JSON.stringify({ ...manifest, reupload: "manifest", version: 2 })],
    [
      "a part that is missing",
      JSON.stringify({ ...manifest, reupload: "manifest", version: 1, csv: undefined }),
    ],
  ])("is refused when it is %s", (_, text) => {
    expect(() => decodeManifest(Buffer.from(text))).toThrow(/cannot be read/);
  });

  it("names every setting in which a machine differs, and no other", () => {
    expect(settingDifferences(manifest, manifest)).toEqual([]);
    const given = { ...manifest, totalPartitions: 3, queues: ["a", "b"], rules: { "--on-conflict": "skip" } };
    expect(settingDifferences(manifest, given)).toEqual([
      { what: "partitions", inRun: "2 in total", given: "3 in total" },
      { what: "queue", inRun: "resultsqueue", given: "a,b" },
      { what: "--on-conflict", inRun: "fail", given: "skip" },
    ]);
    expect(settingDifferences(manifest, { ...manifest, mode: "auto" })).toHaveLength(1);
  });
});

describe("the names of a run's blobs", () => {
  const key = { target: "https://a.example/results", csvDigest: "digest" };
  const names = BlobNames.forRun(key);

  it("tell the partition of a record, and keep generations apart", () => {
    expect(BlobNames.partitionOfRecord(names.record(3, 41))).toBe(41);
    expect(names.record(1, 2).startsWith(names.records(1))).toBe(true);
    expect(names.record(11, 2).startsWith(names.records(1))).toBe(false);
  });

  it("put all runs of a target under one prefix, and other targets elsewhere", () => {
    const sister = BlobNames.forRun({ ...key, csvDigest: "other" });
    expect(sister.manifest.startsWith(names.manifests)).toBe(true);
    expect(sister.manifest).not.toBe(names.manifest);
    expect(names.beside(sister.manifest).record(1, 1)).toBe(sister.record(1, 1));
    const elsewhere = BlobNames.forRun({ ...key, target: "https://b.example/results" });
    expect(elsewhere.manifest.startsWith(names.manifests)).toBe(false);
  });

  it("give a run id that every machine computes alike, another one for each generation", () => {
    expect(makeRunId(key, 1)).toMatch(/^[0-9a-f]{12}$/);
    expect(makeRunId(key, 1)).toBe(makeRunId({ ...key }, 1));
    expect(makeRunId(key, 2)).not.toBe(makeRunId(key, 1));
  });
});

describe("the overlap of two CSVs by their samples", () => {
  const sampleOf = (rows: readonly number[]): string[] =>
    rows
      .map((row) => hashRow(row))
      .toSorted()
      .slice(0, SAMPLE_SIZE);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

  it("is exact for CSVs that are smaller than a sample", () => {
    expect(estimateOverlap(sampleOf(range(0, 10)), sampleOf(range(5, 15)))).toBe(0.5);
    expect(estimateOverlap(sampleOf(range(0, 10)), sampleOf(range(20, 30)))).toBe(0);
    expect(estimateOverlap([], sampleOf(range(0, 10)))).toBe(0);
  });

  it.each([
    ["the same rows", 0, 21_000, 0.95, 1],
    ["nine rows of ten in common", 2_100, 23_100, 0.7, 1],
    ["one row of ten in common", 18_900, 39_900, 0, 0.35],
    ["no row in common", 30_000, 51_000, 0, 0],
  ])("tells %s", (_, from, to, least, most) => {
    const overlap = estimateOverlap(sampleOf(range(0, 21_000)), sampleOf(range(from, to)));
    expect(overlap).toBeGreaterThanOrEqual(least);
    expect(overlap).toBeLessThanOrEqual(most);
  });

  it("tells a small CSV that is a part of a large one", () => {
    expect(estimateOverlap(sampleOf(range(0, 21_000)), sampleOf(range(0, 1_000)))).toBeGreaterThan(0.5);
  });
});

function hashRow(row: number): string {
  let state = BigInt(row) * 0x9e3779b97f4a7c15n;
  state ^= state >> 29n;
  state = (state * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  state ^= state >> 32n;
  return state.toString(16).padStart(16, "0").slice(-HASH_DIGITS);
}
