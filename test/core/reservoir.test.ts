import { describe, expect, it } from "vitest";
import { Reservoir } from "../../src/core/reservoir.ts";
import { seededRandom } from "../support/virtual-surroundings.ts";

describe("Reservoir", () => {
  it("keeps all of fewer elements than its size, in their order", () => {
    const sample = new Reservoir<number>(5, () => 0.5);
    for (const element of [3, 1, 2]) sample.offer(element);
    expect(sample.items).toEqual([3, 1, 2]);
    expect(sample.seen).toBe(3);
  });

  it("gives every element the same chance", () => {
    const random = seededRandom(11);
    const taken = Array.from({ length: 20 }, () => 0);
    const ROUNDS = 20_000;
    for (let round = 0; round < ROUNDS; round++) {
      const sample = new Reservoir<number>(5, random);
      for (let element = 0; element < 20; element++) sample.offer(element);
      for (const element of sample.items) taken[element] = (taken[element] ?? 0) + 1;
    }
    // A quarter each; 5 standard deviations of a binomial are 306.
    for (const times of taken) expect(Math.abs(times - ROUNDS / 4)).toBeLessThan(306);
  });
});
