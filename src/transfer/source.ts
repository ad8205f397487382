import type { BlobProperties, Range, SourceLink } from "../azure/azure.ts";

/** Bytes read from the source, in a buffer that is held until it is given back. */
export interface ReadPart {
  readonly properties: BlobProperties;
  readonly body: Buffer;
  readonly release: () => void;
}

/** What was read through to its end. */
export interface ReadThrough {
  /** Base64. */
  readonly md5: string;
  readonly properties: BlobProperties;
}

/** A range of one version of the source. */
export type VersionRange = Range & { readonly ifMatch: string };

/**
 * Where one file's bytes are read. Kinds: a blob (`blob-source.ts`) and a local file (`local-source.ts`). Every call
 * throws a FileFailure with the file's own code, or the signal's reason.
 */
export interface Source {
  /** How the target's service may read it itself; undefined for what only this machine can read. */
  readonly link: SourceLink | undefined;
  /** Whether to read a part a second time costs no request: then its buffer need not wait for the target's answer. */
  readonly readsAgain: boolean;
  /** What is known of it without its bytes. */
  properties(): Promise<BlobProperties>;
  /**
   * Reads the given range of the version that `ifMatch` names, or from the start as much as one block holds.
   *
   * @throws FileFailure `source-changed` when it is no longer that version
   */
  readPart(range: VersionRange | undefined): Promise<ReadPart>;
  /** Reads the whole through. */
  readThrough(): Promise<ReadThrough>;
}
