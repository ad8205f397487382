import { describe, expect, it } from "vitest";
import {
  describeGivenBack,
  describeRun,
  describeTakeOvers,
  describeWaiting,
  runParts,
} from "../../src/job/auto-text.ts";
import { runOf } from "./run-views.ts";

const RUN = runOf([
  { state: "done" },
  { state: "working", lease: "leased", stateId: "own" },
  { state: "working", lease: "leased", stateId: "a", filesPerSecond: 3 },
  { state: "working", lease: "leased", stateId: "a", filesPerSecond: 4 },
  { state: "done", lease: "leased", stateId: "b", filesPerSecond: 10 },
  { state: "working", lease: "expired", stateId: "c", filesPerSecond: 7 },
  undefined,
  undefined,
]);
/** Partition 7 has no work items. */
const SIZES = new Map([0, 1, 2, 3, 4, 5, 6].map((partition) => [partition, 10]));

describe("where the whole run stands", () => {
  const parts = runParts(RUN, { held: new Set([1]), sizes: SIZES, stateId: "own" });

  it("counts each partition once, and each machine once", () => {
    expect(parts).toEqual({
      total: 8,
      done: 2,
      here: 1,
      elsewhere: 3,
      free: 2,
      others: 2,
      filesPerSecondElsewhere: 14,
    });
  });

  it("is told at the end", () => {
    expect(describeRun(parts, true)).toEqual(["all 8 partitions are done: the run is complete"]);
    expect(describeRun(parts, false)).toEqual([
      "the run: 2 of 8 partitions done, 3 on 2 other machines, 2 free",
    ]);
    expect(describeWaiting(parts)).toBe("no partition is free; 2 machines work on 3 partitions");
  });
});

describe("what a machine gives back", () => {
  it("is what it did not finish, and what nobody took", () => {
    expect(
      describeGivenBack([
        { partition: 9, isDone: false, isTold: true },
        { partition: 3, isDone: false, isTold: true },
        { partition: 4, isDone: true, isTold: true },
        { partition: 5, isDone: false, isTold: false },
      ]),
    ).toEqual([
      "gave back partitions 3, 9 unfinished: another machine goes on from there",
      "the account did not take the last word of partition 5: others may go on in 30 s",
    ]);
  });
});

describe("a take-over", () => {
  it("is told by the machine that died, with the age of its oldest checkpoint", () => {
    const dead = runOf([
      { host: "a", pid: 7, lease: "expired" },
      { host: "b", pid: 8, lease: "expired" },
      { host: "a", pid: 7, lease: "expired" },
    ]);
    expect(describeTakeOvers(dead.partitions, 31_000)).toEqual([
      "took over 2 partitions (0, 2) of a (process 7), which stopped without giving them back; the last checkpoint was 31 s old",
      "took over 1 partition (1) of b (process 8), which stopped without giving it back; the last checkpoint was 31 s old",
    ]);
  });
});
