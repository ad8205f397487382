import type { BlobProperties } from "../azure/azure.ts";
import { FileFailure } from "../core/failure.ts";
import type { Job } from "./tools.ts";

/** @throws FileFailure `integrity-mismatch` when the source has another length than the catalog says */
export function expectLength(job: Job, properties: BlobProperties): void {
  const { length } = job.file;
  if (length !== undefined && length !== properties.length) {
    throw mismatch(job, `the source has ${properties.length} bytes, the catalog says ${length}`);
  }
}

/**
 * Holds the MD5 of the bytes that were read against what the source and the catalog state.
 *
 * @throws FileFailure `integrity-mismatch`
 */
export function expectMd5(job: Job, properties: BlobProperties, contentMd5: string): void {
  for (const [who, stated] of [
    ["the source", properties.contentMd5],
    ["the catalog", job.file.contentMd5],
  ]) {
    if (stated !== undefined && stated !== contentMd5) {
      throw mismatch(job, `the bytes read have MD5 ${contentMd5}, ${who} states ${stated}`);
    }
  }
}

/**
 * The MD5 that is stated for bytes that we do not read ourselves.
 *
 * @returns undefined when neither the source nor the catalog states one
 * @throws FileFailure `integrity-mismatch` when they state different ones
 */
export function statedMd5(job: Job, properties: BlobProperties): string | undefined {
  const { contentMd5 } = job.file;
  if (
    contentMd5 !== undefined &&
    properties.contentMd5 !== undefined &&
    contentMd5 !== properties.contentMd5
  ) {
    throw mismatch(job, `the source states MD5 ${properties.contentMd5}, the catalog ${contentMd5}`);
  }
  return contentMd5 ?? properties.contentMd5;
}

function mismatch(job: Job, message: string): FileFailure {
  return new FileFailure("integrity-mismatch", message, {
    attempts: job.effort.attempts,
  });
}
