import { describe, expect, it } from "vitest";
import { describeOthers } from "../../src/job/others-text.ts";
import type { PartitionView, RunView } from "../../src/machines/machines.ts";

const HOUR = 3_600_000;

function view(partition: number, lease: PartitionView["lease"], record?: object): PartitionView {
  return {
    partition,
    lease,
    lastModified: 0,
    record: record && ({ host: `host${partition}`, etaMs: undefined, ...record } as PartitionView["record"]),
  };
}

function tell(partitions: readonly PartitionView[], isComplete = false): readonly string[] {
  const read = { manifest: { totalPartitions: partitions.length } };
  return describeOthers({ isComplete, run: { read, partitions, date: 0 } as unknown as RunView }, 0);
}

describe("the end of one machine's part", () => {
  it("says of each other partition whether it runs, died, was left, or was never started", () => {
    expect(
      tell([
        view(0, "available", { state: "done" }),
        view(1, "leased", { state: "working", etaMs: 3 * HOUR }),
        view(2, "expired", { state: "working" }),
        view(3, "available", { state: "left" }),
        view(4, "available"),
        view(5, "available", { state: "done" }),
        view(6, "leased", { state: "done" }),
      ]),
    ).toEqual([
      "partition 1 on host1 still runs, about 3 h left",
      "partition 2 on host2 has died: resume it there, or give --take-over",
      "partition 3 was left unfinished by host3: resume it there, or start it elsewhere",
      "partition 4 was not started yet",
      "partition 6 on host6 still runs",
    ]);
  });

  it("says that the run is complete only when that was proved", () => {
    const all = [view(0, "available", { state: "done" }), view(1, "available", { state: "done" })];
    expect(tell(all)).toEqual([]);
    expect(tell(all, true)).toEqual(["all 2 partitions are done"]);
  });

  it("counts what would be too many lines", () => {
    const lines = tell(Array.from({ length: 30 }, (_, partition) => view(partition, "available")));
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe("and 21 more partitions that are not done");
  });

  it.each([
    [400, "1 s"],
    [89_000, "89 s"],
    [5 * 60_000, "5 min"],
    [100 * 60_000, "2 h"],
  ])("rounds %i ms left to %s", (etaMs, shown) => {
    expect(tell([view(0, "leased"), view(1, "leased", { state: "working", etaMs })])).toEqual([
      `partition 1 on host1 still runs, about ${shown} left`,
    ]);
  });
});
