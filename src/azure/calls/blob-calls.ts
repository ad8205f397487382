/**
 * The few blob calls that are made per file, as an interface: `rest/` stands behind it. One call is one HTTP request;
 * none retries (`Attempts` does). Every call throws `ServiceFailure`-convertible errors.
 */
import type { AttemptContext } from "../attempts/attempt-clock.ts";

/** What the service says about a blob. */
export interface BlobProperties {
  readonly length: number;
  readonly etag: string;
  /** ms since the epoch */
  readonly lastModified: number;
  /** Base64; undefined when the blob has none. */
  readonly contentMd5: string | undefined;
  readonly headers: ContentHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  /** `Hot`, `Cool`, ...; undefined where it is not told, as on a download. */
  readonly accessTier?: string | undefined;
}

export interface ContentHeaders {
  /** undefined where the service takes the source's, or its own default. */
  readonly contentType: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly cacheControl?: string | undefined;
}

/** How a blob is created. */
export interface CreateOptions {
  /** `If-None-Match: *`: fails with BlobAlreadyExists (or ConditionNotMet) rather than overwrite. */
  readonly createOnly: boolean;
  readonly headers: ContentHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  /** `Hot`, `Cool`, `Cold` or `Archive`; undefined: the account's default. */
  readonly accessTier?: string | undefined;
  /** Index tags; the account's credential needs the right to write tags when there are some. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Base64; checked by the service on a whole put, stored as the blob's MD5. */
  readonly contentMd5?: string | undefined;
}

/** A link that the service itself reads. */
export interface CopySource {
  readonly url: string;
  /** Bearer token for `x-ms-copy-source-authorization`, without the word. */
  readonly bearer?: string | undefined;
  /** Base64 MD5 for `x-ms-source-content-md5`. */
  readonly contentMd5?: string | undefined;
}

export interface Range {
  readonly offset: number;
  readonly count: number;
}

/** Writes below one container. Names are raw; the calls encode them and refuse to leave the container. */
export interface BlobWriter {
  putBlob(name: string, body: Buffer, options: CreateOptions, pulse: AttemptContext): Promise<void>;
  /**
   * Put Blob From URL. The service takes the content headers and the metadata of the source itself, without a request of
   * ours; a content header that is given here replaces the source's,
   * and metadata that are given replace all of the source's. Tier and tags are never the source's.
   */
  putBlobFromUrl(
    name: string,
    source: CopySource,
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void>;
  putBlock(
    name: string,
    blockId: string,
    body: Buffer,
    contentMd5: string,
    pulse: AttemptContext,
  ): Promise<void>;
  putBlockFromUrl(
    name: string,
    blockId: string,
    source: CopySource,
    range: Range & { readonly ifMatch: string },
    pulse: AttemptContext,
  ): Promise<void>;
  putBlockList(
    name: string,
    blockIds: readonly string[],
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void>;
  /** Ids of the blocks that are staged and not committed; empty when there is no such blob. */
  uncommittedBlocks(name: string, pulse: AttemptContext): Promise<ReadonlySet<string>>;
  /** The blob's own URL without any secret; for reading it with the account's credential. */
  blobUrl(name: string): string;
}

/** An opened download: what the service says, and the bytes when they are asked for. */
export interface OpenedBlob {
  /** Of the whole blob, whatever the range. */
  readonly properties: BlobProperties;
  /**
   * Fills the buffer from where the download starts and ends the download.
   *
   * @throws when the connection ends early
   */
  readInto(buffer: Buffer): Promise<void>;
  /** Gives the rest piece by piece. */
  chunks(): AsyncIterable<Buffer>;
  /** Ends the download; a second call does nothing. */
  close(): void;
}

/** How a link is read: as it stands, or with a credential that belongs to its account. */
export interface ReadAccess {
  readonly url: string;
  readonly as: "anonymous" | "account" | "token";
}

export interface BlobReader {
  properties(access: ReadAccess, pulse: AttemptContext): Promise<BlobProperties>;
  /** A GET, of the whole blob or of a range; `ifMatch` ties it to one version of the blob. */
  open(
    access: ReadAccess,
    range: (Range & { readonly ifMatch: string }) | undefined,
    pulse: AttemptContext,
  ): Promise<OpenedBlob>;
}
