import { describe, expect, it } from "vitest";
import { upperBound } from "../../src/core/binomial.ts";

/** One-sided upper bounds as the tables of Clopper and Pearson have them: the quantile of Beta(hits + 1, drawn - hits). */
const TABLE: readonly [hits: number, drawn: number, confidence: number, bound: number][] = [
  [0, 1, 0.95, 0.95],
  [0, 10, 0.95, 0.258866],
  [0, 59, 0.95, 0.049507],
  [0, 100, 0.95, 0.029513],
  [0, 299, 0.99, 0.015284],
  [0, 1_000, 0.95, 0.00299125],
  [1, 10, 0.95, 0.394163],
  [2, 10, 0.95, 0.506901],
  [5, 10, 0.95, 0.777559],
  [9, 10, 0.95, 0.994884],
  [1, 100, 0.95, 0.04655981],
  [3, 100, 0.95, 0.07571144],
];

describe("the bound on a share", () => {
  it.each(TABLE)("is, with %i of %i and a confidence of %d, %d", (hits, drawn, confidence, bound) => {
    expect(upperBound(hits, drawn, confidence)).toBeCloseTo(bound, 5);
  });

  it("is the share at which so few hits have exactly the probability that is left over", () => {
    for (const [hits, drawn] of [
      [0, 7],
      [1, 12],
      [4, 25],
      [17, 60],
      [30, 400],
    ] as const) {
      expect(probabilityOfAtMost(hits, drawn, upperBound(hits, drawn, 0.95))).toBeCloseTo(0.05, 9);
    }
  });

  it("is one when everything was hit, and stays so when the sample is large", () => {
    expect(upperBound(5, 5, 0.95)).toBe(1);
    expect(upperBound(100, 1_000_000, 0.95)).toBeCloseTo(0.000118, 6);
  });
});

/** By the sum of the terms, with whole numbers for the coefficients. */
function probabilityOfAtMost(hits: number, drawn: number, share: number): number {
  let [coefficient, sum] = [1n, 0];
  for (let k = 0; k <= hits; k++) {
    sum += Number(coefficient) * share ** k * (1 - share) ** (drawn - k);
    coefficient = (coefficient * BigInt(drawn - k)) / BigInt(k + 1);
  }
  return sum;
}
