import type { Lookup } from "../catalog/catalog.ts";
import type { FailureRecord } from "../state/ledger.ts";
import type { Claim } from "../state/work-queue.ts";
import { catalogFailure } from "./open-work-item.ts";
import type { PipelineOptions } from "./pipeline.ts";

/** How a work item ends that has no file to do. */
export interface EndWithoutFiles {
  readonly status: "empty" | "failed";
  readonly failure: FailureRecord | undefined;
}

/**
 * The end of a work item whose lookup failed or gave nothing; undefined when it has files, now or from before. One whose
 * files are all left out by the filter has files: it is done without any.
 */
export function endWithoutFiles(
  { knownFiles }: Claim,
  { failure, files, leftOut = [], problems }: Lookup,
  { onEmpty }: Pick<PipelineOptions, "onEmpty">,
): EndWithoutFiles | undefined {
  if (failure !== undefined) return { status: "failed", failure: { ...failure, attempts: 1 } };
  if (files.length + leftOut.length > 0 || knownFiles.size > 0) return undefined;
  if (problems.length > 0) return { status: "failed", failure: catalogFailure(problems) };
  if (onEmpty !== "fail") return { status: "empty", failure: undefined };
  const message = "the catalog lists no file for this work item";
  return { status: "failed", failure: { code: "no-files", message, attempts: 1 } };
}
