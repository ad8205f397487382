import type { WorkItem } from "./work-item.ts";

/**
 * What a spreadsheet makes of a long number (`1.88921E+09`), of a column that is too narrow (`####`), or of a text that
 * it takes for a formula (`#NAME?`).
 */
const DAMAGED = /^(?:[-+]?\d(?:[.,]\d+)?E\+\d{1,3}|#{2,}|#(?:NAME\?|REF!|VALUE!|N\/A|NUM!|NULL!|DIV\/0!))$/i;

/** Counts rows whose ids look as if a spreadsheet had changed them: no catalog knows such ids. */
export class DamagedIds {
  #count = 0;
  #first: { readonly id: string; readonly line: number } | undefined;

  /** Looks at a row's ids. @param line 1 is the first line of the file */
  look({ jobId, workItemId }: Pick<WorkItem, "jobId" | "workItemId">, line: number): void {
    const id = [workItemId, jobId].find((one) => DAMAGED.test(one));
    if (id === undefined) return;
    this.#count++;
    this.#first ??= { id, line };
  }

  /** A sentence for the operator; undefined when no row looks so. @param file as in messages: `the CSV` */
  warning(file: string): string | undefined {
    if (this.#first === undefined) return undefined;
    const { id, line } = this.#first;
    const rows = this.#count === 1 ? "1 row" : `${this.#count.toLocaleString("en-US")} rows`;
    return `${rows} of ${file} with an id that a spreadsheet seems to have changed, such as ${id} in line ${line}: make it again with its ids as text`;
  }
}
