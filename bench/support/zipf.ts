/** Sizes that add up to `total`, each 1/k of the first. */
export function zipf(total: number, count: number): number[] {
  const harmonic = Array.from({ length: count }, (_, place) => 1 / (place + 1)).reduce((a, b) => a + b);
  const sizes = Array.from({ length: count }, (_, place) =>
    Math.max(1, Math.floor(total / harmonic / (place + 1))),
  );
  // What rounding has left over goes to the largest.
  const rest = total - sizes.reduce((a, b) => a + b);
  return [(sizes[0] ?? 0) + rest, ...sizes.slice(1)];
}
