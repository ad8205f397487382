import { rename, rm } from "node:fs/promises";
import { closeSync, openSync, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { quotedCsvField } from "../core/csv-field.ts";
import { ReuploadError } from "../core/errors.ts";
import { openNew } from "./new-file.ts";
import { filePlace, lookAt } from "./place.ts";
import { toWriteError } from "./write-error.ts";

export interface RejectedRow {
  /** In the file that it comes from, the first line being 1. */
  readonly line: number;
  readonly reason: string;
  readonly raw: string;
}

const HEADER = "Line,Reason,Row\n";

/**
 * A CSV of rows that were left out (columns Line, Reason, Row). It is written beside its place and takes it as a
 * whole; when no row was left out, an older one is removed. A file in its place that is none of ours is never touched.
 */
export class RejectedRows {
  #count = 0;
  readonly #path: string;
  readonly #ending: string;
  readonly #conceal: (row: string) => string;
  #waiting: string[] = [];
  #handle: FileHandle | undefined;

  /**
   * @param ending of the name under which it is written beside its place
   * @param conceal takes the secrets out of a row: it may be of the wrong file, one with links
   */
  constructor(path: string, ending: string, conceal: (row: string) => string) {
    this.#path = path;
    this.#ending = ending;
    this.#conceal = conceal;
  }

  get #temporary(): string {
    return filePlace(this.#path) + this.#ending;
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Takes a row; `flush` writes it. */
  add({ line, reason, raw }: RejectedRow): void {
    this.#count++;
    this.#waiting.push(`${line},${quotedCsvField(reason)},${quotedCsvField(this.#conceal(raw))}\n`);
  }

  /** @throws ReuploadError `disk-full`, `output-unwritable` */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    await this.#attempt(async () => {
      if (this.#handle === undefined) {
        this.#refuseForeign();
        this.#handle = await openNew(this.#temporary);
        await this.#handle.appendFile(HEADER);
      }
      await this.#handle.appendFile(text);
    });
  }

  /** Puts it in its place. @throws ReuploadError `disk-full`, `output-unwritable` */
  async publish(): Promise<void> {
    await this.flush();
    await this.#attempt(async () => {
      if (this.#handle === undefined) {
        if (isOurs(this.#path)) await rm(filePlace(this.#path), { force: true });
        return;
      }
      this.#refuseForeign();
      await this.#handle.sync();
      await this.#close();
      await rename(this.#temporary, filePlace(this.#path));
    });
  }

  /** Removes what `publish` did not put in its place. */
  async discard(): Promise<void> {
    if (this.#handle === undefined) return;
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  #refuseForeign(): void {
    if (lookAt(filePlace(this.#path)).kind === "nothing" || isOurs(this.#path)) return;
    throw new ReuploadError("output-unwritable", `${this.#path} exists and does not contain rejected rows`, {
      advice: "reupload writes the rejected rows there. Move the file away, or give another --state-db.",
    });
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
      throw toWriteError(error, this.#path);
    }
  }
}

/** Whether a file with our header stands there, or an empty one. */
function isOurs(path: string): boolean {
  const place = lookAt(path);
  if (place.kind !== "file") return false;
  const file = openSync(place.path, "r");
  try {
    const head = Buffer.alloc(HEADER.length);
    const read = readSync(file, head, 0, head.length, 0);
    return head.toString("utf8", 0, read) === HEADER.slice(0, read);
  } finally {
    closeSync(file);
  }
}
