/**
 * Wrong things that a new user tries, each with what is answered: the exit code, the line that says what is wrong and
 * the line that says what to do. `docs/errors.md` shows the same table.
 */
export interface BadInput {
  /** What was done wrong. */
  readonly title: string;
  /** Arguments after `reupload`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A configuration file in the working folder. */
  readonly config?: string;
  readonly exit: number;
  readonly code: string;
  /** Part of the line that says what is wrong; FOLDER is the working folder. */
  readonly says: string;
  /** Part of the line that says what to do. */
  readonly advises: string;
}
