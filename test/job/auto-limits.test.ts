import { describe, expect, it } from "vitest";
import { limitRules, tooManyFailures } from "../../src/job/auto-limits.ts";
import { runOf } from "./run-views.ts";

/** Two machines' partitions: 150 files came to their end, 4 of them failed. */
const RUN = runOf([
  { state: "done", failures: { conflict: 1 }, counts: { filesCompleted: 49 } },
  { state: "working", failures: { conflict: 2, "source-not-found": 1 }, counts: { filesCompleted: 97 } },
  undefined,
]);

describe("--max-failures of a whole run", () => {
  it.each([
    [undefined, false],
    [{ files: 4 }, false],
    [{ files: 3 }, true],
    [{ percent: 3 }, false],
    [{ percent: 2.5 }, true],
  ] as const)("%j", (limit, isPassed) => {
    expect(tooManyFailures(RUN, limit) !== undefined).toBe(isPassed);
  });

  it("says what failed, of how much, on all machines", () => {
    const stop = tooManyFailures(RUN, { files: 3 });
    expect(stop).toMatchObject({ kind: "too-many-failures", exitCode: 5 });
    expect(stop?.why).toBe("4 of the 150 files that came to an end on all machines");
  });

  it("is not judged by a share before 100 files came to their end", () => {
    const early = runOf([{ state: "working", failures: { conflict: 9 }, counts: { filesCompleted: 90 } }]);
    expect(tooManyFailures(early, { percent: 1 })).toBeUndefined();
  });
});

describe("the limits that all machines have alike", () => {
  it("are the operator's words, or none", () => {
    expect(limitRules({ maxRequests: "40/s" })).toEqual({
      "--max-requests": "40/s",
      "--max-bandwidth": "none",
      "--max-failures": "none",
    });
  });
});
