/**
 * The transfer puts one file into the target container. Kinds: server copy (the service reads the source itself)
 * and stream (download, or read a local file, and upload); the ladder picks one. All give the same blob. `TargetCheck`
 * looks afterwards whether the target holds what it should.
 */
import type { Pairs } from "../core/blob-attributes.ts";
import type { FailureCode } from "../core/failure.ts";
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

/** A blob of the target as a list tells it. */
export interface TargetBlob {
  readonly name: string;
  readonly length: number;
  /** Base64; undefined when the blob has none. */
  readonly contentMd5: string | undefined;
  readonly contentType: string | undefined;
  readonly attributes?: ToldAttributes | undefined;
}

/** What a blob has beside its content, as the service tells it; undefined: not told. */
export interface ToldAttributes {
  readonly metadata: Pairs | undefined;
  readonly accessTier: string | undefined;
  readonly cacheControl: string | undefined;
  readonly tags: Pairs | undefined;
}

export interface TargetPage {
  readonly blobs: readonly TargetBlob[];
  readonly isLast: boolean;
}

/**
 * - `properties` what the service says of the blob, against what is known of the file
 * - `bytes`      the blob and the source are read through and compared
 */
export type CheckDepth = "properties" | "bytes";

/**
 * Whether the target holds a file; no MD5 that was only stated counts at the depth `bytes`.
 *
 * - `same`        nothing differs; `provenBy` is the strongest thing that was compared
 * - `missing`     there is no blob of its name
 * - `different`   `how` says in words what differs
 * - `unreadable`  it cannot be told, because the source, or the blob, cannot be read
 */
export type FileCheck =
  | { readonly kind: "same"; readonly provenBy: "bytes" | "md5" | "length" | "name" }
  | { readonly kind: "missing" }
  | { readonly kind: "different"; readonly how: string }
  | { readonly kind: "unreadable"; readonly code: FailureCode; readonly message: string };

/** What the checks cost so far. */
export interface CheckCost {
  /** Requests for a page of a list. */
  readonly lists: number;
  /** Requests for the properties of one blob, or of one source. */
  readonly looks: number;
  /** Blobs and sources that were read through, and their bytes. */
  readonly reads: number;
  readonly bytesRead: number;
}

/** Looks whether the target holds what it should; changes nothing there. */
export interface TargetCheck {
  /**
   * The blobs whose names begin with `prefix`, page by page in the order of names. A page is a request, made when it is
   * asked for.
   *
   * @throws ReuploadError `permission` when it may not list, and when the account as a whole is gone; the signal's reason
   */
  list(prefix: string, options: { readonly signal: AbortSignal }): AsyncIterable<TargetPage>;

  /** Judges what a list told of the file's blob. Makes no request. */
  judge(file: CatalogFile, there: TargetBlob): FileCheck;

  /**
   * Looks at one file's blob.
   *
   * @param options `there`: what a list told of it, so that it need not be asked again
   * @throws ReuploadError when an account as a whole is gone; the signal's reason
   */
  look(
    file: CatalogFile,
    blobName: string,
    options: {
      readonly depth: CheckDepth;
      readonly there?: TargetBlob | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<FileCheck>;

  readonly cost: CheckCost;
}
