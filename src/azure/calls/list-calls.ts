import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { ReadAccess } from "./blob-calls.ts";

/** A blob as a listing tells it. */
export interface ListedBlob {
  readonly name: string;
  readonly length: number;
  /** Base64; undefined when the blob has none. */
  readonly contentMd5: string | undefined;
  /** undefined when the service does not tell. */
  readonly contentType: string | undefined;
  readonly etag: string;
  /** ms since the epoch */
  readonly lastModified: number;
  /** Names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly cacheControl: string | undefined;
  /** `Hot`, `Cool`, ...; undefined when the service does not tell. */
  readonly accessTier: string | undefined;
  /** Undefined unless they were asked for. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** `available`, `leased`, `expired`, `breaking` or `broken`; undefined when the service does not tell. */
  readonly leaseState: string | undefined;
  /** `locked` or `unlocked`. */
  readonly leaseStatus: string | undefined;
  /** An empty blob that stands for a folder and holds no file. */
  readonly isFolder: boolean;
}

export interface BlobPage {
  readonly blobs: readonly ListedBlob[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
  /** The service's clock when it answered, ms since the epoch; NaN when it did not tell. */
  readonly date: number;
}

/** What page is asked for. */
export interface PageQuestion {
  readonly prefix: string;
  /** What the page before gave as `next`. */
  readonly from?: string | undefined;
  /** Blobs at the most, 5,000 as the service has it. */
  readonly most: number;
  /** Tells the tags, too, which needs the right to read them. */
  readonly withTags?: boolean;
}

/** List Blobs; one call is one HTTP request, and none retries. */
export interface BlobLister {
  /** One page of the committed blobs (no snapshots, no versions) whose name begins with `prefix`, in the order of names. */
  page(container: ReadAccess, asked: PageQuestion, pulse: AttemptContext): Promise<BlobPage>;
}
