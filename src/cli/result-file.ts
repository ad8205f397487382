import { randomUUID } from "node:crypto";
import { createReadStream, lstatSync, realpathSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDiskFull, messageOf, ReuploadError } from "../core/errors.ts";
import { type Io, writeText } from "./io.ts";
import { absolutePath } from "./states.ts";

/**
 * A result that a command writes to `--out FILE` or, with `-`, to stdout. It is made beside its place and takes it as a
 * whole when it is published; before, nothing is seen of it. A link stays one, and the file behind it keeps its mode; a
 * place that is no file (a pipe, `/dev/null`) is written to.
 */
export class ResultFile implements AsyncDisposable {
  readonly #io: Io;
  /** undefined: stdout. */
  readonly #place: Place | undefined;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #isOpen = true;

  private constructor(io: Io, place: Place | undefined, temporary: string, handle: FileHandle) {
    this.#io = io;
    this.#place = place;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** @throws ReuploadError `output-unwritable` */
  static async create(out: string, io: Io): Promise<ResultFile> {
    const path = out === "-" ? undefined : absolutePath(out, io);
    const place = path === undefined ? undefined : await attempt(path, async () => placeOf(path));
    const folder = place?.isReplaced === true ? dirname(place.path) : tmpdir();
    const temporary = join(folder, `.reupload-${randomUUID()}.tmp`);
    const handle = await attempt(path ?? temporary, () => open(temporary, "ax", place?.mode));
    return new ResultFile(io, place, temporary, handle);
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  async write(text: string): Promise<void> {
    await attempt(this.#place?.path ?? this.#temporary, () => this.#handle.appendFile(text));
  }

  /** Drops what was written so far. @throws ReuploadError `output-unwritable` */
  async restart(): Promise<void> {
    await attempt(this.#place?.path ?? this.#temporary, () => this.#handle.truncate(0));
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  async publish(): Promise<void> {
    const place = this.#place;
    if (place === undefined) return this.#copyTo((chunk) => writeText(this.#io, chunk));
    await attempt(place.path, async () => {
      if (place.isReplaced) {
        // What the umask took when it was opened.
        if (place.mode !== undefined) await this.#handle.chmod(place.mode);
        await this.#handle.sync();
        await this.#close();
        await rename(this.#temporary, place.path);
        return;
      }
      await using target = await open(place.path, "w");
      await this.#copyTo((chunk) => target.appendFile(chunk));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #copyTo(write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    await this.#close();
    for await (const chunk of createReadStream(this.#temporary)) await write(chunk as Uint8Array);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

interface Place {
  /** With links followed. */
  readonly path: string;
  /** A file, or nothing yet: what is something else would be lost when another file took its place. */
  readonly isReplaced: boolean;
  /** Of the file that is there. */
  readonly mode?: number;
}

function placeOf(path: string): Place {
  const found = statSync(path, { throwIfNoEntry: false });
  // A link to nothing yet is written through.
  if (found === undefined)
    return { path, isReplaced: lstatSync(path, { throwIfNoEntry: false }) === undefined };
  if (found.isDirectory()) throw new Error("it is a folder");
  if (!found.isFile()) return { path, isReplaced: false };
  return { path: realpathSync(path), isReplaced: true, mode: found.mode & 0o777 };
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new ReuploadError(
      isDiskFull(thrown) ? "disk-full" : "output-unwritable",
      `cannot write ${path}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
