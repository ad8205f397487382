import { randomUUID } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, ReuploadError, systemCodeOf } from "../core/errors.ts";
import { type Io, writeText } from "./io.ts";
import { absolutePath } from "./states.ts";

/**
 * A result that a command writes to `--out FILE` or, with `-`, to stdout. It is made beside its place and takes it as a
 * whole when it is published; before, nothing is seen of it. A place that is no file (a pipe, `/dev/null`) is written to.
 */
export class ResultFile implements AsyncDisposable {
  readonly #io: Io;
  /** undefined: stdout. */
  readonly #path: string | undefined;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #isOpen = true;

  private constructor(io: Io, path: string | undefined, temporary: string, handle: FileHandle) {
    this.#io = io;
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** @throws ReuploadError `output-unwritable` */
  static async create(out: string, io: Io): Promise<ResultFile> {
    const path = out === "-" ? undefined : absolutePath(out, io);
    const temporary =
      path !== undefined && isReplaceable(path)
        ? `${path}.tmp`
        : join(tmpdir(), `reupload-${randomUUID()}.tmp`);
    const handle = await attempt(path ?? temporary, () => open(temporary, "w"));
    return new ResultFile(io, path, temporary, handle);
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  async write(text: string): Promise<void> {
    await attempt(this.#path ?? this.#temporary, () => this.#handle.appendFile(text));
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  async publish(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return this.#copyTo((chunk) => writeText(this.#io, chunk));
    await attempt(path, async () => {
      if (isReplaceable(path)) {
        await this.#handle.sync();
        await this.#close();
        await rename(this.#temporary, path);
        return;
      }
      await using target = await open(path, "w");
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

/** A file, or nothing yet: what is something else would be lost when another file took its place. */
function isReplaceable(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const isFull = ["ENOSPC", "EDQUOT"].includes(systemCodeOf(thrown) ?? "");
    throw new ReuploadError(
      isFull ? "disk-full" : "output-unwritable",
      `cannot write ${path}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
