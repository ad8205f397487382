import {
  type Attempts,
  type BlobProperties,
  type BlobReader,
  type BlobWriter,
  type CreateOptions,
  RequestBudget,
  type Gate,
  type SourceLinks,
  fileDeadlineMs,
} from "../azure/azure.ts";
import { type BlobAttributes, DEFAULT_ATTRIBUTES, TIERS } from "../core/blob-attributes.ts";
import type { CatalogFile } from "../core/file.ts";
import type { WorkSignals } from "../core/waits.ts";
import { BlobSource } from "./blob-source.ts";
import type { Buffers } from "./buffers.ts";
import type { Hasher } from "./hasher.ts";
import { LocalSource } from "./local-source.ts";
import type { Source } from "./source.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

export interface TransferSettings {
  readonly mode: "auto" | "server" | "stream";
  /** The blob's content type, or `source` to keep the source's type. */
  readonly contentType: string;
  /** What the blob gets beside its content. */
  readonly attributes: BlobAttributes;
  readonly onConflict: "fail" | "skip" | "overwrite";
  /** Whether the blob of this name is known to be another than it should be: it is written over without a look. */
  readonly replaces?: ((blobName: string) => boolean) | undefined;
  /** Files up to this length go up whole, larger ones in blocks of this length; bytes. */
  readonly blockBytes: number;
  /** The most that Put Blob From URL is asked to copy, bytes. */
  readonly serverCopyLimit: number;
  /** Block length of Put Block From URL, bytes. */
  readonly serverBlockBytes: number;
  /** Blocks of one file under way at once. */
  readonly blocksAtOnce: number;
  /** `file:` links are read. Only for a catalog that names files of this machine on the operator's word. */
  readonly localFiles: boolean;
}

export const TRANSFER_DEFAULTS: TransferSettings = {
  mode: "auto",
  contentType: "application/json",
  attributes: DEFAULT_ATTRIBUTES,
  onConflict: "fail",
  blockBytes: 8 * 2 ** 20,
  serverCopyLimit: 256 * 2 ** 20,
  serverBlockBytes: 64 * 2 ** 20,
  blocksAtOnce: 4,
  localFiles: false,
};

/** What all ways of transfer work with. */
export interface TransferTools {
  readonly surroundings: Surroundings;
  readonly settings: TransferSettings;
  readonly writer: BlobWriter;
  readonly reader: BlobReader;
  readonly links: SourceLinks;
  readonly attempts: Attempts;
  readonly targetGate: Gate;
  /** The gate of a source account, by its URL. */
  readonly sourceGate: (accountUrl: string) => Gate;
  readonly buffers: Buffers;
  readonly hasher: Hasher;
}

/** One file on its way. */
export interface Job {
  readonly file: CatalogFile;
  readonly blobName: string;
  readonly source: Source;
  readonly effort: RequestBudget;
  /** What was looked at of the source before it is transferred; undefined unless the attributes need it. */
  looked?: BlobProperties;
  /** False once the operator's `--on-conflict overwrite` applies. */
  createOnly: boolean;
}

/** @throws FileFailure `source-forbidden` for a link that may not be read */
export function makeJob(
  tools: TransferTools,
  file: CatalogFile,
  blobName: string,
  signals: WorkSignals,
): Job {
  const { signal, waits, onIncident } = signals;
  const effort = new RequestBudget(signal, fileDeadlineMs(file.length ?? 0), waits, onIncident);
  const createOnly = tools.settings.replaces?.(blobName) !== true;
  return { file, blobName, source: openSource(tools, file, effort), effort, createOnly };
}

function openSource(tools: TransferTools, file: CatalogFile, effort: RequestBudget): Source {
  const { localFiles, blockBytes } = tools.settings;
  if (localFiles && file.uri.startsWith("file:")) {
    return new LocalSource(file, { blockBytes, buffers: tools.buffers, signal: effort.signal });
  }
  return new BlobSource(tools, tools.links.resolve(file.uri), effort, file.length);
}

/**
 * How the target blob is created: the same whichever way the bytes go. What the source says of its bytes stays with
 * them (above all the encoding: without it nobody can read them); type and attributes may be others.
 *
 * @param source undefined when the service itself takes them from the source
 */
export function creation(
  settings: TransferSettings,
  job: Job,
  source: BlobProperties | undefined,
  contentMd5: string | undefined,
): CreateOptions {
  const { metadata, tier, tags, cacheControl } = settings.attributes;
  const contentType = settings.contentType === "source" ? source?.headers.contentType : settings.contentType;
  return {
    createOnly: job.createOnly,
    headers: {
      ...source?.headers,
      contentType,
      cacheControl: cacheControl === "source" ? source?.headers.cacheControl : cacheControl,
    },
    metadata: metadata === "source" ? (source?.metadata ?? {}) : metadata,
    accessTier: wantedTier(tier, job.looked),
    tags,
    contentMd5,
  };
}

/**
 * The tier that a blob is to have, as the service writes it.
 *
 * @param source as it was looked at; a source that has no tier of a block blob gives none
 * @returns undefined: none is named
 */
export function wantedTier(
  tier: BlobAttributes["tier"],
  source: Pick<BlobProperties, "accessTier"> | undefined,
): string | undefined {
  const name = tier === "source" ? source?.accessTier?.toLowerCase() : tier;
  const known = TIERS.find((one) => one === name);
  return known && known.slice(0, 1).toUpperCase() + known.slice(1);
}
