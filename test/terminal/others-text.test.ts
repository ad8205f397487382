import { describe, expect, it } from "vitest";
import type { OtherPartition } from "../../src/report/report.ts";
import { othersText } from "../../src/terminal/others-text.ts";

const HOUR = 3_600_000;
const IDLE = { host: undefined, leftMs: undefined };

describe("the text about other machines", () => {
  it("has a line for each partition, with what to do about those that nobody works on", () => {
    const partitions: OtherPartition[] = [
      { partition: 1, state: "running", host: "host1", leftMs: 3.25 * HOUR },
      { partition: 2, state: "died", host: "host2", leftMs: undefined },
      { partition: 3, state: "left", host: "host3", leftMs: undefined },
      { partition: 4, state: "not-started", ...IDLE },
      { partition: 6, state: "running", host: "host\u001b6", leftMs: undefined },
    ];
    expect(othersText({ totalPartitions: 7, isComplete: false, notDone: 5, partitions })).toEqual([
      "partition 1 on host1 still runs, about 3 h 15 min left",
      "partition 2 on host2 has died: resume it there, or start it elsewhere with --take-over",
      "partition 3 was left unfinished by host3: resume it there, or start it elsewhere",
      "partition 4 was not started yet",
      "partition 6 on host\\u{1b}6 still runs",
    ]);
  });

  it("counts the partitions that have no line", () => {
    const partitions: OtherPartition[] = [{ partition: 1, state: "not-started", ...IDLE }];
    expect(othersText({ totalPartitions: 2_000, isComplete: false, notDone: 1_234, partitions })).toEqual([
      "partition 1 was not started yet",
      "1,233 more partitions are not done",
    ]);
    expect(othersText({ totalPartitions: 3, isComplete: false, notDone: 2, partitions })).toEqual([
      "partition 1 was not started yet",
      "1 more partition is not done",
    ]);
  });

  it("is one line when the whole run is complete", () => {
    expect(othersText({ totalPartitions: 64, isComplete: true, notDone: 0, partitions: [] })).toEqual([
      "all 64 partitions are done",
    ]);
  });
});
