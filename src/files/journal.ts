/** A file of JSON lines that a command writes as it goes, so that it can go on from there when it is started again. */
import { createReadStream, fstatSync, openSync, closeSync, readSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { ReuploadError } from "../core/errors.ts";
import { openNew } from "./new-file.ts";
import { filePlace, lookAt } from "./place.ts";
import { toWriteError } from "./write-error.ts";

/** How a line begins after which the file may be cut: what follows it belongs together with the next such line. */
const MARK = '{"at":';
const LINE_END = 10;
/** Bytes that are read at once from the end. */
const PIECE = 64 * 1024;

export class Journal implements AsyncDisposable {
  /** What was written before was kept: this start goes on with it. */
  readonly isResumed: boolean;
  readonly #path: string;
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(path: string, handle: FileHandle, bytes: number, isResumed: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#bytes = bytes;
    this.isResumed = isResumed;
  }

  /**
   * Opens the journal that begins with this header, cut after its last mark, or makes it.
   *
   * @param header one line of JSON; a file that begins otherwise is none of ours
   * @param restart what is there is dropped
   * @throws ReuploadError `output-unwritable`, `disk-full`
   */
  static async open(path: string, header: string, { restart }: { restart: boolean }): Promise<Journal> {
    try {
      const place = filePlace(path);
      const isThere = lookAt(place).kind === "file";
      if (isThere && !beginsWith(place, header)) throw foreign(path);
      const end = isThere && !restart ? endOfLastMark(place) : undefined;
      if (end !== undefined) {
        const handle = await open(place, "r+");
        await handle.truncate(end);
        return new Journal(place, handle, end, true);
      }
      const handle = await openNew(place);
      const line = `${header}\n`;
      await handle.write(line, 0);
      return new Journal(place, handle, Buffer.byteLength(line), false);
    } catch (thrown) {
      throw toWriteError(thrown, path);
    }
  }

  /** Appends lines; the last one must be a mark. @throws ReuploadError `output-unwritable`, `disk-full` */
  async append(lines: readonly string[]): Promise<void> {
    try {
      const { size } = await this.#handle.stat();
      if (size !== this.#bytes) {
        throw new ReuploadError("output-unwritable", `Another process writes to ${this.#path}.`, {
          advice: "The same command runs twice. Stop one of the two, then run it again.",
        });
      }
      const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      await this.#handle.write(text, 0, text.length, this.#bytes);
      this.#bytes += text.length;
    } catch (thrown) {
      throw toWriteError(thrown, this.#path);
    }
  }

  /** All lines after the header, one by one. */
  async *lines(): AsyncGenerator<string> {
    const stream = createReadStream(this.#path, { end: this.#bytes - 1 });
    let isHeader = true;
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (!isHeader) yield line;
      isHeader = false;
    }
  }

  /** Closes it; it stays for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  /** Removes it: there is nothing to go on with. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** As the first line of a journal. */
export function markLine(value: unknown): string {
  return `${MARK}${JSON.stringify(value)}}`;
}

/** What a mark holds; undefined for any other line. */
export function readMark(line: string): unknown {
  return line.startsWith(MARK) ? (JSON.parse(line) as { readonly at: unknown }).at : undefined;
}

function foreign(path: string): ReuploadError {
  return new ReuploadError("output-unwritable", `${path} exists and is not the journal of this command`, {
    advice: "Move the file away. reupload keeps there how far it came.",
  });
}

function beginsWith(path: string, header: string): boolean {
  const file = openSync(path, "r");
  try {
    const wanted = Buffer.from(header);
    const head = Buffer.alloc(wanted.length);
    const read = readSync(file, head, 0, head.length, 0);
    // One that was killed while it wrote its header is ours, too.
    return head.subarray(0, read).equals(wanted.subarray(0, read));
  } finally {
    closeSync(file);
  }
}

/** Where the last whole line ends that is a mark; undefined when there is none. */
function endOfLastMark(path: string): number | undefined {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    let tail = Buffer.alloc(0);
    for (let from = size; from > 0;) {
      const start = Math.max(0, from - PIECE);
      const piece = Buffer.alloc(from - start);
      readSync(file, piece, 0, piece.length, start);
      tail = Buffer.concat([piece, tail]);
      from = start;
      const end = lastMarkIn(tail);
      if (end !== undefined) return start + end;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

function lastMarkIn(tail: Buffer): number | undefined {
  for (let end = tail.lastIndexOf(LINE_END); end > 0;) {
    const before = tail.lastIndexOf(LINE_END, end - 1);
    if (before === -1) return undefined;
    if (tail.toString("latin1", before + 1, before + 1 + MARK.length) === MARK) return end + 1;
    end = before;
  }
  return undefined;
}
