/** What a sample proves: the exact one-sided bound of Clopper and Pearson on a share. */

/** Steps of the bisection: the bound is exact to the last bits of a double. */
const STEPS = 100;

/**
 * The largest share of a whole that still agrees with what a sample showed: were the share larger, so few hits would
 * have come up with a probability under `1 - confidence`. The sample is drawn at random; drawn without repetition from a
 * finite whole, the bound holds all the more.
 *
 * @param hits found in the sample, `0 <= hits <= drawn`
 * @param drawn size of the sample, at least 1
 * @param confidence in (0, 1), such as 0.95
 * @returns in (0, 1]
 */
export function upperBound(hits: number, drawn: number, confidence: number): number {
  if (hits >= drawn) return 1;
  const doubt = 1 - confidence;
  if (hits === 0) return -Math.expm1(Math.log(doubt) / drawn);
  let [low, high] = [hits / drawn, 1];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    // P(at most `hits` of `drawn`) falls as the share grows.
    if (atMost(hits, drawn, middle) > doubt) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability of at most `hits` in `drawn` tries of this share: the regularized incomplete beta function. */
function atMost(hits: number, drawn: number, share: number): number {
  return incompleteBeta(1 - share, drawn - hits, hits + 1);
}

/** I_x(a, b), by its continued fraction; on the side where that converges fast. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;
const MOST_TERMS = 10_000;

/** Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const kept = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let sum = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    sum *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    const change = d * c;
    sum *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return sum;
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** ln of the gamma function, for x >= 1 (Lanczos). */
function logGamma(x: number): number {
  const shifted = x - 1;
  const base = shifted + LANCZOS.length - 0.5;
  const series = LANCZOS.reduce((sum, term, at) => sum + term / (shifted + at + 1), 0.9999999999998099);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}
