/** How many files a run has, as long as nobody has counted them. */
export interface FileGuess {
  /** undefined: nothing is known of it */
  readonly count: number | undefined;
  /** It was counted. */
  readonly isKnown: boolean;
}

/**
 * A guess whose files are all done although work items are left is made anew, by the mean of those that are done with.
 *
 * @param finished files that are done with
 * @param workItems all of them, and those that are left
 */
export function correctGuess(
  guess: FileGuess,
  finished: number,
  { total, left }: { readonly total: number; readonly left: number },
): FileGuess {
  if (guess.isKnown || left === 0 || (guess.count ?? Infinity) > finished) return guess;
  const count = left === total ? undefined : Math.ceil((finished / (total - left)) * total);
  return { count, isKnown: false };
}
