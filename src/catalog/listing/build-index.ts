import { open, rename, rm } from "node:fs/promises";
import { DamagedIds } from "../../core/damaged-ids.ts";
import { isDiskFull, errorMessageText, ReuploadError, systemErrorCode } from "../../core/errors.ts";
import { redact } from "../../core/secret.ts";
import { RejectedRows, filePlace } from "../../files/files.ts";
import { IndexWriter } from "./index-writer.ts";
import { invalid, isUnchanged, type ListingFile, readUpTo, unreadable } from "./open-listing-file.ts";
import type { RejectedListingRow, RowSink } from "./listing-row.ts";

/** Where the listing is read and what is made of it is put. */
export interface ListingPaths {
  readonly path: string;
  /** The index; `<indexPath>.building` and `<indexPath>.building-spill` are its temporary files. */
  readonly indexPath: string;
  /** The file of rejected rows, there only when some were. */
  readonly rejectedPath: string;
}

export interface IndexProgress {
  /** Bytes of the listing that are read; once all are, the index is put in order. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What building an index may tell. */
export interface IndexTelling {
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
  /** Told what deserves the operator's look, once the listing is read. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** An index that is complete but not in its place yet. */
export interface BuiltIndex {
  /**
   * Puts index and rejected rows in their places; nothing may hold an older index open.
   *
   * @throws ReuploadError `disk-full`, `output-unwritable`
   */
  publish(): Promise<void>;
}

/** Measured: larger ones are slower, because their memory is given back to the system and fetched again. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads the listing once and writes its index. When it fails or is stopped, nothing is left behind and what was
 * there before stays.
 *
 * @throws ReuploadError `listing-invalid` (no row of it can be used), `listing-unreadable` (it changed meanwhile),
 * `disk-full`, `output-unwritable`; the signal's reason
 */
export async function buildIndex(
  listing: ListingFile,
  paths: ListingPaths,
  options: IndexTelling & { readonly signal: AbortSignal },
): Promise<BuiltIndex> {
  const temporary = `${filePlace(paths.indexPath)}.building`;
  const rejected = new RejectedRows(paths.rejectedPath, ".building", concealed);
  try {
    await writeIndex(temporary, listing, paths, rejected, options);
    await rejected.flush();
    if (!isUnchanged(listing)) throw changedMeanwhile(paths.path);
    await flushToDisk(temporary);
  } catch (error) {
    await rejected.discard();
    await rm(temporary, { force: true });
    throw options.signal.aborted ? error : translated(error, paths.indexPath);
  }
  return {
    publish: async () => {
      try {
        await rejected.publish();
        await rename(temporary, filePlace(paths.indexPath));
      } catch (error) {
        throw translated(error, paths.indexPath);
      }
    },
  };
}

async function writeIndex(
  temporary: string,
  listing: ListingFile,
  { path }: ListingPaths,
  rejected: RejectedRows,
  { signal, onProgress, warn }: Parameters<typeof buildIndex>[2],
): Promise<void> {
  const writer = await IndexWriter.create(temporary, listing.fingerprint.size);
  try {
    const sink = new IndexingSink(writer, rejected);
    const rows = listing.format.readAll(sink);
    const totalBytes = listing.fingerprint.size;
    for (let bytes = listing.format.start.offset; bytes < totalBytes;) {
      signal.throwIfAborted();
      const chunk = await readChunk(listing, bytes, path);
      if (chunk.length === 0) throw changedMeanwhile(path);
      rows.push(chunk);
      await rejected.flush();
      bytes += chunk.length;
      onProgress?.({ bytes, totalBytes });
    }
    rows.end();
    if (sink.isUseless && sink.firstRejected !== undefined) {
      const { line, reason } = sink.firstRejected;
      throw invalid(path, `has no usable row (line ${line}: ${reason})`);
    }
    const warning = sink.damaged.warning("the listing");
    if (warning !== undefined) warn?.(warning);
    await writer.finish(listing.fingerprint, rejected.count, signal);
  } finally {
    await writer.close();
  }
}

async function readChunk({ handle, fingerprint }: ListingFile, from: number, path: string): Promise<Buffer> {
  try {
    return await readUpTo(handle, from, Math.min(CHUNK_BYTES, fingerprint.size - from));
  } catch (error) {
    throw unreadable(path, errorMessageText(error), error);
  }
}

/** Sends rows to the index and rejected ones to their file. */
class IndexingSink implements RowSink {
  isUseless = true;
  firstRejected: RejectedListingRow | undefined;
  readonly damaged = new DamagedIds();
  readonly #writer: IndexWriter;
  readonly #rejected: RejectedRows;

  constructor(writer: IndexWriter, rejected: RejectedRows) {
    this.#writer = writer;
    this.#rejected = rejected;
  }

  row(row: Parameters<RowSink["row"]>[0]): void {
    this.#writer.add(row);
    this.damaged.look(row, row.line);
    if (row.problem === undefined) this.isUseless = false;
  }

  rejected(row: RejectedListingRow): void {
    this.firstRejected ??= row;
    this.#rejected.add(row);
    this.#writer.endExtent();
  }
}

async function flushToDisk(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function changedMeanwhile(path: string): ReuploadError {
  return new ReuploadError("listing-unreadable", `The listing ${path} changed while it was indexed.`, {
    advice: "Wait until the listing is complete, then run the command again.",
  });
}

/** Characters of a row that are shown. */
const MAX_SHOWN = 2000;

/**
 * The beginning of a row without the queries of its links, whatever surrounds them: `?` and what follows up to white
 * space, a quote or a delimiter. In JSON the `&` of a link may stand as `\u0026`, where the patterns of `redact` do not see
 * it. It is cut last: half a secret is not recognised.
 */
function concealed(row: string): string {
  return redact(row.replace(/\?[^\s",;]*/g, "?***")).slice(0, MAX_SHOWN);
}

/** What the file system or SQLite say, as errors for the user. */
function translated(error: unknown, indexPath: string): unknown {
  if (error instanceof ReuploadError) return error;
  if (systemErrorCode(error) === undefined) return error;
  return new ReuploadError(
    isDiskFull(error) ? "disk-full" : "output-unwritable",
    `The index ${indexPath} cannot be written: ${errorMessageText(error)}.`,
    { cause: error },
  );
}
