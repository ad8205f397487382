import { describe, expect, it } from "vitest";
import { toRunFacts } from "../../src/job/run-facts.ts";
import { makeRunId } from "../../src/machines/blob-names.ts";
import type { PartitionView } from "../../src/machines/machines.ts";
import { makeManifest, makeSummary } from "../machines/run-samples.ts";

const KEY = { target: "https://account.blob.core.windows.net/results", csvDigest: "3-abc" };

function factsOf(views: readonly Partial<PartitionView>[], generation = 1) {
  const manifest = makeManifest({ totalPartitions: views.length, generation });
  const partitions = views.map((view, partition): PartitionView => {
    return { partition, lease: "available", record: undefined, lastModified: 5, ...view };
  });
  return toRunFacts(
    { read: { manifest, etag: "", lastModified: 0, date: 9 }, partitions, machines: [], date: 9 },
    KEY,
  );
}

describe("what the account says of a run", () => {
  it("has the id of its generation", () => {
    expect([1, 2].map((generation) => factsOf([{}], generation).runId)).toEqual([
      makeRunId(KEY, 1),
      makeRunId(KEY, 2),
    ]);
  });

  it.each([
    ["alive while its lease is held", { lease: "leased", record: makeSummary() }, "alive"],
    ["alive while a record is claimed for the first time", { lease: "leased" }, "alive"],
    ["dead when its lease has ended", { lease: "expired", record: makeSummary() }, "dead"],
    ["left when it was given back", { record: makeSummary({ state: "left" }) }, "left"],
    ["left when somebody broke its lease", { lease: "broken", record: makeSummary() }, "left"],
    ["done whatever its lease", { lease: "expired", record: makeSummary({ state: "done" }) }, "done"],
    ["not started without a record", {}, "not-started"],
    ["not started when a repartition wrote it", { record: makeSummary({ epoch: 0 }) }, "not-started"],
  ] as const)("tells a partition as %s", (_what, view, life) => {
    expect(factsOf([view]).parts[0]?.life).toBe(life);
  });

  it("counts all files of a partition that is done, and of another what its machine expects", () => {
    const expectedFiles = { count: 20, isKnown: true };
    const { parts } = factsOf([
      { record: makeSummary({ state: "done" }) },
      { lease: "leased", record: makeSummary({ expectedFiles }) },
      { lease: "leased", record: makeSummary() },
    ]);
    expect(parts.map(({ facts }) => facts?.files.total)).toEqual([9, 20, undefined]);
  });
});
