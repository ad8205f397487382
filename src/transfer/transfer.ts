/**
 * The transfer puts one file into the target container. Kinds: server copy (the service reads the source itself)
 * and stream (download, or read a local file, and upload); the ladder picks one. All give the same blob.
 */
import type { CatalogFile } from "../core/file.ts";
import type { WorkSignals } from "../core/waits.ts";

export type TransferMethod = "put-blob-from-url" | "put-block-from-url" | "put-blob" | "put-blocks" | "none";

/** How the file got there, or that it was there before. */
export type TransferResult = TransferredFile | SkippedFile;

export interface TransferredFile {
  /** `already-there`: a blob with this name and the same content was in the target before this try. */
  readonly outcome: "copied" | "already-there";
  /** Bytes of the blob, when they are known (a server copy of unknown length does not tell). */
  readonly bytes: number | undefined;
  /** Base64 MD5 of the content, computed here or stated by the source, the catalog or the blob; undefined when nobody knows. */
  readonly contentMd5?: string | undefined;
  readonly method: TransferMethod;
  /** How often the most tried request was tried. */
  readonly attempts: number;
  /** When a blob that was already there was last written, ms since the epoch: it may be this run's own. */
  readonly existingSince: number | undefined;
}

/** `--on-conflict skip`: a blob of this name and other content stays as it is. */
export interface SkippedFile {
  readonly outcome: "skipped";
  readonly reason: string;
  readonly attempts: number;
}

export interface Transfer {
  /**
   * Puts the file under `blobName`. On success the blob is durable and has the source's bytes. Never overwrites
   * another content, unless the run says so. Repeating it after a success gives `already-there`; after a crash,
   * blocks that are already staged are not sent again.
   *
   * @throws FileFailure with the file's failure code; ReuploadError when an account as a whole is gone; the signal's
   * reason when it aborts (nothing is committed then, or the blob is whole), and a WaitGivenUp when
   * the file only waited
   */
  transfer(file: CatalogFile, blobName: string, options: WorkSignals): Promise<TransferResult>;
}
