/**
 * "Does the target hold the same content?", answered once: for a run that meets a blob under the file's name, for a
 * dry run, and for whoever checks the target afterwards.
 */
import {
  type BlobProperties,
  type ReadAccess,
  type RequestBudget,
  ServiceFailure,
  fileDeadlineMs,
} from "../azure/azure.ts";
import { FileFailure } from "../core/failure.ts";
import { readBlobThrough } from "./blob-source.ts";
import { archivedInTarget, ofTarget, saysArchived } from "./failures.ts";
import type { Source } from "./source.ts";
import type { Job, TransferTools } from "./tools.ts";
import type { TransferResult } from "./transfer.ts";

/** What is known of the source's content. */
export interface SourceContent {
  /** Bytes. */
  readonly length?: number | undefined;
  /** Base64. */
  readonly contentMd5?: string | undefined;
}

/** A blob of the target, and what it should hold. */
export interface Expected {
  readonly blobName: string;
  readonly known: SourceContent;
  /** Asked for what is not known; undefined when it is not to be asked, or cannot be. */
  readonly source: Pick<Source, "properties" | "readThrough"> | undefined;
  readonly effort: RequestBudget;
}

/**
 * - `properties` compares lengths, and MD5s where both sides have one; reads no content
 * - `content`    computes the MD5s that are missing: downloads the blob, and the source when it is given
 */
export type CompareDepth = "properties" | "content";

/**
 * - `absent`    the target has no blob of this name
 * - `same`      nothing differs; `provenBy` is the strongest thing that was compared
 * - `different` `how` says in words what differs
 */
export type Comparison =
  | { readonly kind: "absent" }
  | { readonly kind: "same"; readonly there: BlobProperties; readonly provenBy: "md5" | "length" | "name" }
  | { readonly kind: "different"; readonly there: BlobProperties; readonly how: string };

/** What the properties of a blob say against what it should hold; `how` tells in words what differs. */
export type KnownComparison =
  | { readonly kind: "same"; readonly provenBy: "md5" | "length" | "name" }
  | { readonly kind: "different"; readonly how: string };

/** Compares lengths, then MD5s where both sides have one. Asks nobody. */
export function compareKnown(
  there: Pick<BlobProperties, "length" | "contentMd5">,
  { length, contentMd5 }: SourceContent,
): KnownComparison {
  if (length !== undefined && length !== there.length) {
    return { kind: "different", how: `it has ${there.length} bytes, the source ${length}` };
  }
  if (contentMd5 === undefined || there.contentMd5 === undefined) {
    return { kind: "same", provenBy: length === undefined ? "name" : "length" };
  }
  if (contentMd5 === there.contentMd5) return { kind: "same", provenBy: "md5" };
  return { kind: "different", how: `its MD5 is ${there.contentMd5}, the source's ${contentMd5}` };
}

export type CompareTools = Pick<TransferTools, "attempts" | "reader" | "writer" | "targetGate">;

/**
 * Compares a blob of the target with what it should hold: lengths first, then MD5s.
 *
 * @throws FileFailure when the source or the blob cannot be read; ReuploadError when an account as a whole is gone;
 * the signal's reason
 */
export async function compareWithTarget(
  tools: CompareTools,
  expected: Expected,
  depth: CompareDepth,
): Promise<Comparison> {
  const { source, effort } = expected;
  const access: ReadAccess = { url: tools.writer.blobUrl(expected.blobName), as: "account" };
  const there = await readProperties(tools, access, effort);
  if (there === undefined) return { kind: "absent" };
  const known = await completed(expected.known, source);
  const compared = compareKnown(there, known);
  if (compared.kind === "different" || compared.provenBy === "md5" || depth === "properties") {
    return { ...compared, there };
  }
  effort.extend(2 * (fileDeadlineMs(there.length) - fileDeadlineMs(0)));
  const ours = known.contentMd5 ?? (await source?.readThrough())?.md5;
  if (ours === undefined) return { ...compared, there };
  const theirs = there.contentMd5 ?? (await md5InTarget(tools, access, effort));
  const length = known.length;
  return { ...compareKnown({ ...there, contentMd5: theirs }, { length, contentMd5: ours }), there };
}

/**
 * Reads both sides through, whatever MD5s they state: a stated one says what somebody once sent.
 *
 * @param there the blob as it was seen; its length tells how long the reading may take
 * @returns `source`: what the source's service told of it
 * @throws FileFailure when the source cannot be read, or the blob; ReuploadError when an account as a whole is gone; the
 * signal's reason
 */
export async function compareBytes(
  tools: CompareTools,
  { blobName, effort }: Pick<Expected, "blobName" | "effort">,
  source: Pick<Source, "readThrough">,
  there: Pick<BlobProperties, "length">,
): Promise<
  | { readonly kind: "same"; readonly source: BlobProperties }
  | { readonly kind: "different"; readonly how: string }
> {
  effort.extend(2 * (fileDeadlineMs(there.length) - fileDeadlineMs(0)));
  const access: ReadAccess = { url: tools.writer.blobUrl(blobName), as: "account" };
  const { md5: ours, properties } = await source.readThrough();
  const theirs = await md5InTarget(tools, access, effort);
  if (ours === theirs) return { kind: "same", source: properties };
  return { kind: "different", how: `its bytes have MD5 ${theirs}, the source's ${ours}` };
}

/** Base64 MD5 of a blob of the target, by reading it. @throws FileFailure `target-locked` for one in the archive tier */
async function md5InTarget(tools: CompareTools, access: ReadAccess, effort: RequestBudget): Promise<string> {
  try {
    const { md5 } = await readBlobThrough(tools, access, tools.targetGate, effort);
    return md5;
  } catch (thrown) {
    if (thrown instanceof ServiceFailure && saysArchived(thrown)) {
      throw archivedInTarget("its content cannot be read and compared", thrown);
    }
    return ofTarget(Promise.reject(thrown as Error));
  }
}

/** The properties of a blob of the target. @returns undefined when there is no such blob @throws as `compareWithTarget` */
export async function readProperties(
  { attempts, reader, targetGate }: CompareTools,
  access: ReadAccess,
  effort: RequestBudget,
): Promise<BlobProperties | undefined> {
  try {
    return await attempts.run(targetGate, effort, "look at existing blob", async (pulse) =>
      reader.properties(access, pulse),
    );
  } catch (thrown) {
    if (thrown instanceof ServiceFailure && thrown.status === 404) return undefined;
    return ofTarget(Promise.reject(thrown as Error));
  }
}

/** What is not known is taken from the source's properties. */
async function completed(known: SourceContent, source: Expected["source"]): Promise<SourceContent> {
  if (source === undefined || (known.length !== undefined && known.contentMd5 !== undefined)) return known;
  const { length, contentMd5 } = await source.properties();
  return { length: known.length ?? length, contentMd5: known.contentMd5 ?? contentMd5 };
}

/**
 * Decides about a blob that is already there under the file's name: the same content is success, another is a conflict.
 * The name being taken proves nothing else; it may even be our own blob whose answer was lost.
 *
 * @returns the result; `again` when the file is to be created (anew): it vanished meanwhile, or it may be overwritten
 * @throws FileFailure `conflict`
 */
export async function judgeExisting(
  tools: TransferTools,
  job: Job,
  known: SourceContent,
): Promise<TransferResult | "again"> {
  const { blobName, source, effort } = job;
  const compared = await compareWithTarget(tools, { blobName, known, source, effort }, "content");
  if (compared.kind === "absent") return "again";
  const { attempts } = effort;
  if (compared.kind === "same") {
    const { length: bytes, lastModified: existingSince, contentMd5 } = compared.there;
    return { outcome: "already-there", bytes, contentMd5, method: "none", attempts, existingSince };
  }
  switch (tools.settings.onConflict) {
    case "fail":
      throw new FileFailure("conflict", `the target has ${blobName} with other content: ${compared.how}`, {
        attempts,
      });
    case "skip":
      return { outcome: "skipped", reason: compared.how, attempts };
    case "overwrite":
      job.createOnly = false;
      return "again";
  }
}
