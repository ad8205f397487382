import { describe, expect, it } from "vitest";
import { checkStates } from "../../src/progress/state-check.ts";
import { readingOf, type ReadingParts } from "./samples.ts";
import { donePart, partOf, runOf } from "./run-samples.ts";

const ENDED = { kind: "ended", at: 0, ending: { exitCode: 0, why: "finished" } } as const;
const run = runOf([partOf(0, { life: "left", stateId: "run-0" }), donePart(1)]);
const readings = (parts: ReadingParts) => [
  {
    stateDb: "m1.db",
    reading: readingOf({
      csvDigest: "d",
      totalPartitions: 2,
      workItems: { completed: 27, empty: 2, failed: 1, pending: 70 },
      files: { total: 400, copied: 290, failed: 7, skipped: 3 },
      writer: ENDED,
      ...parts,
    }),
  },
];

describe("a state held against the account", () => {
  it("is not named when both count the same", () => {
    expect(checkStates(readings({}), run)).toEqual([]);
  });

  it("is named when its process has ended and the checkpoint counts otherwise", () => {
    const more = readings({ files: { total: 400, copied: 295, failed: 7, skipped: 3 } });
    expect(checkStates(more, run)).toEqual([
      {
        kind: "done-differs",
        stateDb: "m1.db",
        partition: 0,
        inState: { workItems: 29, files: 295 },
        inAccount: { workItems: 29, files: 290 },
        otherHost: undefined,
      },
    ]);
    expect(checkStates(readings({ runId: "another", files: { copied: 1 } }), run)).toMatchObject([
      { otherHost: "machine1" },
    ]);
  });

  it("is not named while its process works, or while another machine goes on with its partition", () => {
    expect(checkStates(readings({ files: { copied: 1 }, writer: readingOf().writer }), run)).toEqual([]);
    expect(checkStates(readings({ files: { copied: 1 } }), runOf([partOf(0), donePart(1)]))).toEqual([]);
  });

  it.each([
    ["CSV", { csvDigest: "other" }],
    ["target", { target: "https://other.blob.core.windows.net/results" }],
    ["number of partitions", { totalPartitions: 3 }],
  ] as const)("is of another run when its %s differs", (what, parts) => {
    expect(checkStates(readings(parts), run)).toEqual([{ kind: "other-run", stateDb: "m1.db", what }]);
  });
});
