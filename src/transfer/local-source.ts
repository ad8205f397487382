import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { BlobProperties } from "../azure/azure.ts";
import { systemErrorCode } from "../core/errors.ts";
import { type FailureCode, FileFailure } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import type { Buffers, HeldBuffer } from "./buffers.ts";
import { OpenFile } from "./open-file.ts";
import type { ReadPart, ReadThrough, Source, VersionRange } from "./source.ts";

/** What is read at once when only the hash is wanted, bytes. */
const HASHED_AT_ONCE = 2 ** 20;

interface LocalTools {
  /** Bytes of a part, at the most. */
  readonly blockBytes: number;
  readonly buffers: Buffers;
  readonly signal: AbortSignal;
}

/**
 * A file of this machine. It is opened anew for every part, and must be the same before and after each: its version is
 * told by size, times and inode, so that a file that is written while it is read is `source-changed`, never mixed.
 */
export class LocalSource implements Source {
  readonly link = undefined;
  readonly readsAgain = true;
  readonly #file: CatalogFile;
  readonly #tools: LocalTools;

  constructor(file: CatalogFile, tools: LocalTools) {
    this.#file = file;
    this.#tools = tools;
  }

  async properties(): Promise<BlobProperties> {
    return this.#opened(undefined, async (_, properties) => properties);
  }

  async readPart(range: VersionRange | undefined): Promise<ReadPart> {
    const { blockBytes, buffers, signal } = this.#tools;
    let held: HeldBuffer | undefined;
    try {
      return await this.#opened(range?.ifMatch, async (opened, properties) => {
        const count = range?.count ?? Math.min(properties.length, blockBytes);
        held = await buffers.acquire(count, signal);
        await this.#fill(opened, held.bytes, range?.offset ?? 0);
        return { properties, body: held.bytes, release: held.release };
      });
    } catch (thrown) {
      held?.release();
      throw thrown;
    }
  }

  async readThrough(): Promise<ReadThrough> {
    return this.#opened(undefined, async (opened, properties) => {
      const { length } = properties;
      const md5 = createHash("md5");
      const piece = Buffer.allocUnsafe(Math.min(length, HASHED_AT_ONCE));
      for (let at = 0; at < length; at += piece.length) {
        const part = piece.subarray(0, Math.min(piece.length, length - at));
        await this.#fill(opened, part, at);
        md5.update(part);
      }
      return { md5: md5.digest("base64"), properties };
    });
  }

  /** Works on the opened file, which must be one version all the while. */
  async #opened<T>(
    ifMatch: string | undefined,
    work: (opened: OpenFile, properties: BlobProperties) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#tools;
    signal.throwIfAborted();
    try {
      await using opened = await OpenFile.open(fileURLToPath(this.#file.uri));
      const before = await readProperties(opened);
      const { length } = this.#file;
      if (length !== undefined && length !== before.length) {
        throw changed(`it has ${before.length} bytes, it had ${length} when it was listed`);
      }
      if (ifMatch !== undefined && before.etag !== ifMatch) throw changed("it changed while it was read");
      const result = await work(opened, before);
      const after = await readProperties(opened);
      if (after.etag !== before.etag) throw changed("it changed while it was read");
      return result;
    } catch (thrown) {
      const isOfFileSystem = thrown instanceof Error && "syscall" in thrown;
      throw isOfFileSystem && !signal.aborted ? toFailure(thrown) : thrown;
    }
  }

  async #fill(opened: OpenFile, buffer: Buffer, offset: number): Promise<void> {
    for (let filled = 0; filled < buffer.length;) {
      this.#tools.signal.throwIfAborted();
      const bytes = await opened.read(buffer, filled, offset + filled);
      if (bytes === 0) throw changed("it ended too early");
      filled += bytes;
    }
  }
}

async function readProperties(opened: OpenFile): Promise<BlobProperties> {
  const stats = await opened.stat();
  if (!stats.isFile()) throw changed("it is no longer a regular file");
  return {
    length: Number(stats.size),
    // The time of the inode's change, too: a copy in place may set the time of the content back.
    etag: `${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}-${stats.ino}`,
    lastModified: Number(stats.mtimeMs),
    contentMd5: undefined,
    headers: { contentType: "application/octet-stream" },
    metadata: {},
  };
}

const CODES: Readonly<Record<string, FailureCode>> = {
  ENOENT: "source-not-found",
  ENOTDIR: "source-not-found",
  EACCES: "source-forbidden",
  EPERM: "source-forbidden",
  EBUSY: "source-forbidden",
  EISDIR: "source-changed",
  ELOOP: "source-changed",
  ENXIO: "source-changed",
  ESTALE: "source-changed",
};

/** What else goes wrong is the disk's or the share's trouble, and may pass. */
function toFailure(thrown: Error): FileFailure {
  const code = CODES[systemErrorCode(thrown) ?? ""] ?? "network";
  return new FileFailure(code, thrown.message, { cause: thrown });
}

function changed(how: string): FileFailure {
  return new FileFailure("source-changed", how);
}
