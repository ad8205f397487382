import { describe, expect, it } from "vitest";
import { RateHistory } from "../../src/progress/rate-history.ts";
import { summaryOf } from "./samples.ts";

const copied = (files: number) => summaryOf({ files: { total: 1_000_000, copied: files } });

describe("the history of the rate", () => {
  it("is the rate of each step, over all states", () => {
    const history = new RateHistory(10_000);
    for (let second = 0; second <= 30; second++) {
      history.add(second * 1_000, [copied(second * 2), copied(second < 20 ? second : 20)]);
    }
    expect(history.rates).toEqual([3, 3, 2]);
  });

  it("keeps the last 120 steps, and is never negative", () => {
    const history = new RateHistory(1_000);
    for (let second = 0; second <= 500; second++) {
      history.add(second * 1_000, [copied(second === 500 ? 0 : second * second)]);
    }
    expect(history.rates).toHaveLength(120);
    expect(history.rates.at(-1)).toBe(0);
    expect(history.rates.at(-2)).toBe(499 ** 2 - 498 ** 2);
  });
});
