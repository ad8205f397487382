/**
 * What became of a file, finer than its status: in exactly one of these. `empty` stands for a work item without files,
 * the others also for a work item of whose files nothing is known.
 */
export const FILE_OUTCOMES = {
  copied: "in the target, put there by this run, and announced where that is wanted",
  "already-there": "in the target before this run, and announced where that is wanted",
  elsewhere: "done by another machine before its partition came here",
  uploaded: "in the target, its announcement is still owed",
  pending: "not tried yet, or to be tried again",
  failed: "the last try failed",
  skipped: "left out on the operator's word",
  empty: "the catalog lists no file for the work item",
} as const satisfies Record<string, string>;

export type FileOutcome = keyof typeof FILE_OUTCOMES;

const OUTCOMES = Object.keys(FILE_OUTCOMES) as FileOutcome[];
const COMPLETED: readonly FileOutcome[] = ["copied", "already-there", "elsewhere"];

/** What a list of outcomes may name: each of them, and `completed` for those with nothing left to do. */
export const OUTCOME_WORDS: readonly string[] = [...OUTCOMES, "completed"];

/** Reads `failed,completed`. @throws RangeError that names the word that is not known */
export function parseOutcomes(text: string): ReadonlySet<FileOutcome> {
  return new Set(
    text.split(",").flatMap((part): readonly FileOutcome[] => {
      const word = part.trim();
      if (word === "completed") return COMPLETED;
      const outcome = OUTCOMES.find((known) => known === word);
      if (outcome !== undefined) return [outcome];
      throw new RangeError(`expected some of ${OUTCOME_WORDS.join(", ")}, got "${word}"`);
    }),
  );
}
