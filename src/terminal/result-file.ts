import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { type FileHandle, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { lookAt, openNew, openStream, toWriteError } from "../files/files.ts";
import { type Io, writeText } from "./io.ts";

/** As the umask leaves it. */
const PUBLIC = 0o666;

/**
 * A result that a command writes to `--out FILE` or, with `-`, to stdout. It is made beside its place and takes it as a
 * whole when it is published; before, nothing is seen of it. A link to a file stays one, and the file behind it keeps its
 * mode; a pipe or `/dev/null` is written to. It never takes the place of a state or of what belongs to one.
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

  /**
   * @param companions what may follow the path of a state in the names of files that belong to it
   * @throws ReuploadError `output-unwritable`
   */
  static async create(out: string, io: Io, companions: readonly string[]): Promise<ResultFile> {
    const path = out === "-" ? undefined : resolve(io.cwd, out);
    const place =
      path === undefined ? undefined : await attempt(path, async () => inspectPlace(path, companions));
    const folder = place?.isReplaced === true ? dirname(place.path) : tmpdir();
    const temporary = join(folder, `.reupload-${io.surroundings.uuid()}.tmp`);
    const handle = await attempt(path ?? temporary, () => openNew(temporary, place?.mode ?? PUBLIC));
    return new ResultFile(io, place, temporary, handle);
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  async write(text: string | Uint8Array): Promise<void> {
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
      await using target = await openStream(place.path);
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

function inspectPlace(given: string, companions: readonly string[]): Place {
  const place = lookAt(given);
  const { path } = place;
  switch (place.kind) {
    case "nothing":
      refuseState(path, companions);
      return { path, isReplaced: true };
    case "file":
      refuseState(path, companions);
      return { path, isReplaced: true, mode: place.stats.mode & 0o777 };
    case "stream":
      return { path, isReplaced: false };
    case "other":
      throw new Error(`it is ${place.what}`);
  }
}

const DATABASE = "SQLite format 3\0";

/** Whose name is that of a database, or of a file that belongs to one. */
function refuseState(path: string, companions: readonly string[]): void {
  if (isDatabase(path)) throw new Error("it is a state, or another database");
  const owner = companions
    .filter((ending) => path.endsWith(ending))
    .map((ending) => path.slice(0, -ending.length))
    .find((one) => isDatabase(one));
  if (owner !== undefined) throw new Error(`it belongs to the state ${owner}`);
}

function isDatabase(path: string): boolean {
  if (lookAt(path).kind !== "file") return false;
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(DATABASE.length);
    return readSync(file, head, 0, head.length, 0) === head.length && head.toString("latin1") === DATABASE;
  } finally {
    closeSync(file);
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toWriteError(thrown, path);
  }
}
