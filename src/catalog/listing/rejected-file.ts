import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { quotedCsvField } from "../../core/csv-field.ts";
import { redact } from "../../core/secret.ts";
import type { RejectedListingRow } from "./listing-row.ts";

/** Characters of a row that are shown. */
const MAX_SHOWN = 2000;

/**
 * The `*.listing-rejected.csv` (columns Line, Reason, Row): rows of the listing that belong to no work item. It is
 * written beside its place and put there together with the index that was made of the same listing.
 */
export class RejectedFile {
  count = 0;
  readonly #path: string;
  readonly #temporary: string;
  #waiting: string[] = [];
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.building`;
  }

  /** Takes a row; `flush` writes it. */
  add({ line, reason, raw }: RejectedListingRow): void {
    this.count++;
    const shown = withoutQueries(raw).slice(0, MAX_SHOWN);
    this.#waiting.push(`${line},${quotedCsvField(reason)},${quotedCsvField(shown)}\n`);
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    if (this.#handle === undefined) {
      this.#handle = await open(this.#temporary, "w", 0o600);
      await this.#handle.appendFile("Line,Reason,Row\n");
    }
    await this.#handle.appendFile(text);
  }

  /** Takes its place; when no row was rejected, an older file is removed. */
  async publish(): Promise<void> {
    await this.flush();
    if (this.#handle === undefined) {
      await rm(this.#path, { force: true });
    } else {
      await this.#close();
      await rename(this.#temporary, this.#path);
    }
  }

  /** Removes what `publish` did not put in its place. */
  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/**
 * A row without the queries of its links, whatever surrounds them: `?` and what follows up to white space, a quote
 * or a delimiter. In JSON the `&` of a link may stand as `\u0026`, where the patterns of `redact` do not see it.
 */
function withoutQueries(row: string): string {
  return redact(row.replace(/\?[^\s",;]*/g, "?***"));
}
