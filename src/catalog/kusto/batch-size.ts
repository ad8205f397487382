/** What an answer should have at most: the client holds a whole answer in memory. */
const BUDGET_BYTES = 8 * 2 ** 20;
/** How long a query should take at most, ms: far from its deadline. */
const BUDGET_MS = 20_000;
/** Work items in a query at most: their ids travel with it. */
const MOST = 1000;
/** Work items in the first query, when nothing is known of them. */
const FIRST = 20;
/** Bytes that a file takes in an answer, before one was seen: a link with its SAS and the names. */
const USUAL_FILE_BYTES = 700;
/** How much the newest answer counts when it is less than those before. */
const NEWEST_SHARE = 0.5;

/**
 * How many work items one query asks for. It follows the bytes and the time that a work item took of late, at most
 * doubles from one answer to the next, and halves when a query was too much; after that it grows back by and by.
 */
export class BatchSize {
  #size = FIRST;
  #ceiling = MOST;
  #isMeasured = false;
  #bytesEach = 0;
  #msEach = 0;

  get value(): number {
    return this.#size;
  }

  /** Tells how many files the largest work item has, before the first answer: large ones are asked for first. */
  expectFiles(files: number): void {
    if (this.#isMeasured) return;
    const fits = Math.floor(BUDGET_BYTES / Math.max(1, files * USUAL_FILE_BYTES));
    this.#size = Math.max(1, Math.min(FIRST, fits));
  }

  /** A query for so many work items was answered. */
  answered(workItems: number, answer: { readonly bytes: number; readonly ms: number }): void {
    this.#bytesEach = this.#estimate(this.#bytesEach, answer.bytes / workItems);
    this.#msEach = this.#estimate(this.#msEach, answer.ms / workItems);
    this.#isMeasured = true;
    if (workItems >= this.#ceiling) this.#ceiling = Math.min(MOST, Math.ceil(this.#ceiling * 1.25));
    const fits = Math.min(BUDGET_BYTES / this.#bytesEach, BUDGET_MS / this.#msEach);
    const grown = Math.min(fits, Math.max(this.#size, 2 * workItems), this.#ceiling);
    this.#size = Math.max(1, Math.floor(grown));
  }

  /** A query for so many work items was too much. */
  tooMuch(workItems: number): void {
    this.#ceiling = Math.max(1, Math.floor(workItems / 2));
    this.#size = Math.min(this.#size, this.#ceiling);
  }

  /** At once what the newest says when that is more, by and by when it is less. */
  #estimate(last: number, newest: number): number {
    return this.#isMeasured ? Math.max(newest, last + NEWEST_SHARE * (newest - last)) : newest;
  }
}
