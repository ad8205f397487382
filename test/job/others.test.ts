import { describe, expect, it } from "vitest";
import { reportOthers } from "../../src/job/others.ts";
import type { PartitionView, RunView } from "../../src/machines/machines.ts";
import type { OthersReport } from "../../src/report/report.ts";

const HOUR = 3_600_000;

function view(partition: number, lease: PartitionView["lease"], record?: object): PartitionView {
  return {
    partition,
    lease,
    lastModified: 0,
    record: record && ({ host: `host${partition}`, etaMs: undefined, ...record } as PartitionView["record"]),
  };
}

function report(partitions: readonly PartitionView[], isComplete = false): OthersReport | undefined {
  const read = { manifest: { totalPartitions: partitions.length } };
  return reportOthers({ isComplete, run: { read, partitions, date: 0 } as unknown as RunView }, 0);
}

describe("the report about other machines", () => {
  it("says of each other partition whether it runs, died, was left, or was never started", () => {
    const partitions = [
      view(0, "available", { state: "done" }),
      view(1, "leased", { state: "working", etaMs: 3 * HOUR }),
      view(2, "expired", { state: "working", etaMs: HOUR }),
      view(3, "available", { state: "left" }),
      view(4, "available"),
      view(5, "available", { state: "done" }),
      view(6, "leased", { state: "done" }),
    ];
    expect(report(partitions)).toEqual({
      totalPartitions: 7,
      isComplete: false,
      notDone: 5,
      partitions: [
        { partition: 1, state: "running", host: "host1", leftMs: 3 * HOUR },
        { partition: 2, state: "died", host: "host2", leftMs: undefined },
        { partition: 3, state: "left", host: "host3", leftMs: undefined },
        { partition: 4, state: "not-started", host: undefined, leftMs: undefined },
        { partition: 6, state: "running", host: "host6", leftMs: undefined },
      ],
    });
  });

  it("calls the run complete only when that was proved", () => {
    const all = [view(0, "available", { state: "done" }), view(1, "available", { state: "done" })];
    expect(report(all)).toBeUndefined();
    expect(report(all, true)).toEqual({ totalPartitions: 2, isComplete: true, notDone: 0, partitions: [] });
  });

  it("names eight partitions at most and counts the others", () => {
    const many = report(Array.from({ length: 30 }, (_, partition) => view(partition, "available")));
    expect(many).toMatchObject({ totalPartitions: 30, notDone: 29 });
    expect(many?.partitions.map(({ partition }) => partition)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
