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
import { md5OfBlob } from "./blob-source.ts";
import { ofTarget } from "./failures.ts";
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
  readonly source: Pick<Source, "properties" | "md5"> | undefined;
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

type CompareTools = Pick<TransferTools, "attempts" | "reader" | "writer" | "targetGate">;

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
  const { length, contentMd5 } = await completed(expected.known, source);
  if (length !== undefined && length !== there.length) {
    return { kind: "different", there, how: `it has ${there.length} bytes, the source ${length}` };
  }
  let ours = contentMd5;
  let theirs = there.contentMd5;
  if (depth === "content") {
    effort.extend(2 * (fileDeadlineMs(there.length) - fileDeadlineMs(0)));
    ours ??= await source?.md5();
    if (ours !== undefined) theirs ??= await ofTarget(md5OfBlob(tools, access, tools.targetGate, effort));
  }
  if (ours === undefined || theirs === undefined) {
    return { kind: "same", there, provenBy: length === undefined ? "name" : "length" };
  }
  if (ours === theirs) return { kind: "same", there, provenBy: "md5" };
  return { kind: "different", there, how: `its MD5 is ${theirs}, the source's ${ours}` };
}

/** @returns undefined when there is no such blob */
async function readProperties(
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
