import { describe, expect, it } from "vitest";
import { describeTooManyThreads } from "../../src/job/slots.ts";

describe("more threads than the processors carry", () => {
  it.each([
    ["auto", 1],
    [1, 1],
    [4, 2],
  ] as const)("%s on %d is told nothing", (threads, processors) =>
    expect(describeTooManyThreads(threads, processors)).toBeUndefined(),
  );

  it("is warned of: 256 threads on two took 5 GB, and 50 times as long as one", () => {
    expect(describeTooManyThreads(256, 2)).toMatch(
      /^--threads 256: this machine can run 2 threads at once; .* MiB of memory$/,
    );
  });
});
