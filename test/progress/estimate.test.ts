import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  estimate,
  type EstimateInput,
  NIGHT_MS,
  PROCESS_LIMIT,
  QUEUE_LIMIT,
} from "../../src/progress/estimate.ts";

const HOUR = 3_600_000;
const EVEN = [1, 2, 4, 8, 16].map((machines) => ({ machines, largest: 1 / machines }));

function rows(input: Partial<EstimateInput>) {
  const fallback = {
    files: 3_600_000,
    filesPerSecond: 100,
    queues: 1,
    shares: EVEN,
    atLeast: 1,
    withinMs: NIGHT_MS,
  };
  return estimate({ ...fallback, ...input });
}

describe("an estimate", () => {
  it("is a range around the files over the rate of all machines", () => {
    const [one, two] = rows({});
    expect(one).toMatchObject({ machines: 1, partitions: "whole", filesPerSecond: 100, boundBy: "machines" });
    expect([one?.lowMs, one?.highMs]).toEqual([9 * HOUR, 12.5 * HOUR]);
    expect(two?.lowMs).toBe(4.5 * HOUR);
  });

  it("lets the largest of fixed partitions end last", () => {
    const shares = [
      { machines: 1, largest: 1 },
      { machines: 2, largest: 0.75 },
    ];
    const [, fixed, auto] = rows({ shares });
    expect(fixed?.highMs).toBe(6.25 * 1.5 * HOUR);
    expect(auto?.highMs).toBeCloseTo(6.25 * 1.1 * HOUR);
  });

  it("names the limit that more machines do not pass, and shows no more of them", () => {
    const found = rows({ filesPerSecond: 1_500 });
    expect(found.map(({ machines, boundBy }) => `${machines} ${boundBy}`)).toEqual([
      "1 machines",
      "2 queue",
      "2 queue",
    ]);
    expect(found[1]?.filesPerSecond).toBe(QUEUE_LIMIT);
    expect(rows({ filesPerSecond: 1_500, atLeast: 4 }).at(-1)?.machines).toBe(4);
    expect(rows({ filesPerSecond: 1_500, queues: 0 }).at(-1)?.boundBy).toBe("account");
    expect(rows({ filesPerSecond: 9_000, queues: 0 })[0]?.filesPerSecond).toBe(PROCESS_LIMIT);
  });

  it("recommends the fewest machines that end in time, else the fastest", () => {
    const recommended = (withinMs: number) => rows({ withinMs }).find(({ isRecommended }) => isRecommended);
    expect(recommended(13 * HOUR)?.machines).toBe(1);
    expect(recommended(8 * HOUR)).toMatchObject({ machines: 2, partitions: "fixed" });
    expect(recommended(60_000)?.machines).toBe(16);
  });

  it("never takes longer with more machines, and recommends exactly one row", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 0, max: 4 }),
        (filesPerSecond, queues) => {
          const found = rows({ filesPerSecond, queues }).filter(({ partitions }) => partitions !== "fixed");
          const times = found.map(({ lowMs }) => lowMs);
          expect(times).toEqual(times.toSorted((a, b) => b - a));
          expect(rows({ filesPerSecond, queues }).filter(({ isRecommended }) => isRecommended)).toHaveLength(
            1,
          );
        },
      ),
    );
  });
});
