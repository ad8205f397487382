import { type BigIntStats, close, constants, fstat, open, read } from "node:fs";
import { promisify } from "node:util";

/** Without O_NONBLOCK, opening a pipe that took a file's place would wait for a writer for ever. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const opening = promisify(open);
const closing = promisify(close);

/** A local file that is open for reading: what Node's FileHandle does, for two thirds of its processor time. */
export class OpenFile implements AsyncDisposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws an error with a system code, as all that follows */
  static async open(path: string): Promise<OpenFile> {
    return new OpenFile(await opening(path, FLAGS));
  }

  async stat(): Promise<BigIntStats> {
    return new Promise((resolve, reject) => {
      fstat(this.#fd, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)));
    });
  }

  /**
   * Reads into the buffer from `at` to its end.
   *
   * @param position in the file, bytes
   * @returns how many bytes were read, 0 at the end of the file
   */
  async read(buffer: Buffer, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, buffer, at, buffer.length - at, position, (error, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closing(this.#fd);
  }
}
