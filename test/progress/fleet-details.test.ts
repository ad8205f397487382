import { describe, expect, it } from "vitest";
import { fleetFailures, mergeFailures, mergeSlowest } from "../../src/progress/fleet-details.ts";
import type { FailureGroup } from "../../src/state/ledger.ts";

const group = (
  code: FailureGroup["code"],
  outcome: FailureGroup["outcome"],
  files: number,
): FailureGroup => ({
  code,
  outcome,
  files,
  workItems: 1,
  samples: Array.from({ length: Math.min(files, 5) }, (_, index) => ({
    jobId: "j",
    workItemId: String(index),
    fileName: "f",
    message: "m",
    requestId: undefined,
  })),
});

describe("the failures of several states", () => {
  it("are added up by outcome and code, the most frequent first, with a few samples", () => {
    const merged = mergeFailures([
      [group("conflict", "failed", 3), group("timeout", "failed", 5)],
      [group("conflict", "failed", 4), group("conflict", "skipped", 1)],
    ]);
    expect(merged.map(({ code, outcome, files, workItems }) => [code, outcome, files, workItems])).toEqual([
      ["conflict", "failed", 7, 2],
      ["timeout", "failed", 5, 1],
      ["conflict", "skipped", 1, 1],
    ]);
    expect(merged[0]?.samples).toHaveLength(5);
  });
});

describe("the failures of states that do not belong together", () => {
  it("are each state's own", () => {
    const lists = [
      { stateDb: "a.db", failures: [group("conflict", "failed", 3)] },
      { stateDb: "b.db", failures: [group("conflict", "failed", 4)] },
    ];
    const shown = (fits: boolean) =>
      fleetFailures(lists, fits).map(({ stateDb, code, files }) => [stateDb, code, files]);
    expect(shown(false)).toEqual([
      ["a.db", "conflict", 3],
      ["b.db", "conflict", 4],
    ]);
    expect(shown(true)).toEqual([[undefined, "conflict", 7]]);
  });
});

describe("the slowest work items of several states", () => {
  it("are those opened first, with their state", () => {
    const view = (since: number) => ({
      workItem: { jobId: "j", workItemId: String(since), workItemName: "" },
      since,
      filesTotal: 9,
      filesDone: 1,
    });
    const merged = mergeSlowest(
      [
        { stateDb: "a.db", slowest: [view(10), view(30)] },
        { stateDb: "b.db", slowest: [view(5), view(20)] },
      ],
      3,
    );
    expect(merged.map(({ stateDb, since }) => [stateDb, since])).toEqual([
      ["b.db", 5],
      ["a.db", 10],
      ["b.db", 20],
    ]);
  });
});
