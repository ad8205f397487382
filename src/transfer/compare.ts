import type { BlobProperties, ReadAccess } from "../azure/calls/blob-calls.ts";
import { fileDeadlineMs } from "../azure/attempts/effort.ts";
import { ServiceFailure } from "../azure/wire/service-error.ts";
import { FileFailure } from "../core/failure.ts";
import { md5OfBlob } from "./blob-source.ts";
import { ofTarget } from "./failures.ts";
import type { Job, TransferTools } from "./tools.ts";
import type { TransferResult } from "./transfer.ts";

/** What is known of the source's content; what is not is found out. */
export interface SourceContent {
  readonly length?: number | undefined;
  readonly contentMd5?: string | undefined;
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
  const there = await targetProperties(tools, job);
  if (there === undefined) return "again";
  const difference = await describeDifference(tools, job, there, known);
  if (difference === undefined) {
    return {
      outcome: "already-there",
      bytes: there.length,
      method: "none",
      attempts: job.effort.attempts,
      existingSince: there.lastModified,
    };
  }
  switch (tools.settings.onConflict) {
    case "fail":
      throw new FileFailure("conflict", `the target has ${job.blobName} with other content: ${difference}`, {
        attempts: job.effort.attempts,
      });
    case "skip":
      return { outcome: "skipped", reason: difference, attempts: job.effort.attempts };
    case "overwrite":
      job.createOnly = false;
      return "again";
  }
}

async function targetProperties(tools: TransferTools, job: Job): Promise<BlobProperties | undefined> {
  const access: ReadAccess = { url: tools.writer.blobUrl(job.blobName), as: "account" };
  try {
    return await tools.attempts.run(tools.targetGate, job.effort, "look at existing blob", async (pulse) =>
      tools.reader.properties(access, pulse),
    );
  } catch (thrown) {
    if (thrown instanceof ServiceFailure && thrown.status === 404) return undefined;
    return ofTarget(Promise.reject(thrown as Error));
  }
}

/** In words, or undefined when both have the same bytes: lengths first, then MD5s, which are computed where missing. */
async function describeDifference(
  tools: TransferTools,
  job: Job,
  there: BlobProperties,
  known: SourceContent,
): Promise<string | undefined> {
  const source =
    known.length !== undefined && known.contentMd5 !== undefined
      ? known
      : { ...(await job.source.properties()), ...defined(known) };
  if (there.length !== source.length) {
    return `it has ${there.length} bytes, the source ${source.length}`;
  }
  job.effort.extend(2 * (fileDeadlineMs(there.length) - fileDeadlineMs(0)));
  const ours = source.contentMd5 ?? (await job.source.md5());
  const access: ReadAccess = { url: tools.writer.blobUrl(job.blobName), as: "account" };
  const theirs = there.contentMd5 ?? (await ofTarget(md5OfBlob(tools, access, tools.targetGate, job.effort)));
  return ours === theirs ? undefined : `its MD5 is ${theirs}, the source's ${ours}`;
}

function defined(known: SourceContent): SourceContent {
  return {
    ...(known.length === undefined ? {} : { length: known.length }),
    ...(known.contentMd5 === undefined ? {} : { contentMd5: known.contentMd5 }),
  };
}
