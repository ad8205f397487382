import { describe, expect, it } from "vitest";
import { queueOfPartition, splitQueues } from "../../src/core/queues.ts";

describe("the queues of a run", () => {
  it("are taken by the partitions in turn", () => {
    expect([0, 1, 2, 3, 4].map((partition) => queueOfPartition("a,b,c", partition))).toEqual([
      "a",
      "b",
      "c",
      "a",
      "b",
    ]);
    expect([0, 7].map((partition) => queueOfPartition("only", partition))).toEqual(["only", "only"]);
    expect(splitQueues("a,b")).toEqual(["a", "b"]);
  });
});
