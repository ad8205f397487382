import { describe, expect, it } from "vitest";
import { identityDifferences, type RunIdentity } from "../../src/core/run-identity.ts";

const identity: RunIdentity = {
  csvDigest: "2-00",
  target: "https://account.blob.core.windows.net/results",
  queue: "resultsqueue",
  partition: 0,
  totalPartitions: 2,
  nameTemplate: "{fileName}",
  catalog: "listing:files.csv",
};

describe("a run's identity", () => {
  it("is the same when all its parts are the same", () => {
    expect(identityDifferences(identity, { ...identity })).toEqual([]);
  });

  it("differs when one part differs, and says so in the user's words", () => {
    const changes: [Partial<RunIdentity>, string, string, string][] = [
      [{ csvDigest: "3-11" }, "CSV", "2-00", "3-11"],
      [{ target: "https://other/results" }, "target", identity.target, "https://other/results"],
      [{ queue: "none" }, "queue", "resultsqueue", "none"],
      [{ partition: 1 }, "partition", "0", "1"],
      [{ totalPartitions: 3 }, "total partitions", "2", "3"],
      [{ nameTemplate: "x-{fileName}" }, "name template", "{fileName}", "x-{fileName}"],
      [{ catalog: "listing:b.csv" }, "catalog", "listing:files.csv", "listing:b.csv"],
      [{ metadata: "a=1" }, "metadata", "source", "a=1"],
      [{ tier: "cool" }, "access tier", "account", "cool"],
      [{ tags: "a=1" }, "tags", "none", "a=1"],
      [{ cacheControl: "no-cache" }, "cache control", "source", "no-cache"],
    ];
    for (const [change, what, inState, given] of changes) {
      expect(identityDifferences(identity, { ...identity, ...change })).toEqual([{ what, inState, given }]);
    }
    const attributes = ["metadata", "tier", "tags", "cacheControl"];
    expect(changes.flatMap(([change]) => Object.keys(change)).sort()).toEqual(
      [...Object.keys(identity), ...attributes].sort(),
    );
  });

  it("tells all differences at once", () => {
    const other = { ...identity, queue: "none", partition: 1 };
    expect(identityDifferences(identity, other).map(({ what }) => what)).toEqual(["queue", "partition"]);
  });
});
