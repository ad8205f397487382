import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { quotedCsvField } from "../core/csv-field.ts";
import { isDiskFull, messageOf, ReuploadError } from "../core/errors.ts";
import { redact } from "../core/secret.ts";
import type { RejectedRow } from "./input.ts";

/**
 * The `*.rejected.csv` of a run (columns Line, Reason, Row). It is written beside its place and takes it only when
 * the CSV was read to the end; when nothing was rejected, an older one is removed.
 */
export class RejectedFile {
  readonly #path: string;
  readonly #temporary: string;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
  }

  /** @throws ReuploadError `disk-full`, `output-unwritable` */
  async write(rows: readonly RejectedRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#attempt(async () => {
      if (this.#handle === undefined) {
        this.#handle = await open(this.#temporary, "w", 0o600);
        await this.#handle.writeFile("Line,Reason,Row\n");
      }
      await this.#handle.writeFile(rows.map(lineOf).join(""));
    });
  }

  /** Puts the file in its place. @throws ReuploadError `disk-full`, `output-unwritable` */
  async publish(): Promise<void> {
    await this.#attempt(async () => {
      if (this.#handle === undefined) {
        await rm(this.#path, { force: true });
        return;
      }
      await this.#handle.sync();
      await this.#close();
      await rename(this.#temporary, this.#path);
    });
  }

  /** Removes what `publish` did not put in its place. */
  async discard(): Promise<void> {
    if (this.#handle === undefined) return;
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw new ReuploadError(
        isDiskFull(error) ? "disk-full" : "output-unwritable",
        `cannot write ${this.#path}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

/** A row may be of the wrong file, one with links: no signature is copied out of it. */
function lineOf({ line, reason, raw }: RejectedRow): string {
  return `${line},${quotedCsvField(reason)},${quotedCsvField(redact(raw))}\n`;
}
