import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RunningQuantile } from "../../../src/azure/attempts/running-quantile.ts";

function of(durations: readonly number[]): RunningQuantile {
  const quantile = new RunningQuantile();
  for (const ms of durations) quantile.add(ms);
  return quantile;
}

describe("a running quantile", () => {
  it("is not exceeded by that share of the durations, and is at most 9 % too high", () => {
    const durations = fc.array(fc.double({ min: 0.2, max: 500_000, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 1), (all, share) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const found = of(all).at(share);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * 1.0906);
      }),
    );
  });

  it("follows the recent durations and never counts all that there ever were", () => {
    const quantile = of(Array.from({ length: 10_000 }, () => 2_000));
    for (let n = 0; n < 6_000; n++) quantile.add(20);
    expect(quantile.at(0.95)).toBeLessThan(22);
    expect(quantile.samples).toBeLessThanOrEqual(2_000);
  });

  it("takes durations of any length, and none", () => {
    expect(of([]).at(0.95)).toBe(0);
    expect(of([0]).at(0.95)).toBeLessThan(0.2);
    expect(of([1e12]).at(0.95)).toBe(2 ** 20);
  });
});
