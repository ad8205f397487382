/** What a verification found: what its text, its NDJSON events and its exit code are made from. */
import type { JsonFields } from "./json-forms.ts";

/** One thing that is not as it should be. */
export interface VerifyFinding {
  /** `missing`, `different`, `extra`, `not-announced`, `unreadable` or `refused`; docs/verify.md tells what they mean. */
  readonly kind: string;
  readonly jobId: string;
  readonly workItemId: string;
  readonly fileName: string | undefined;
  readonly blobName: string | undefined;
  readonly why: string;
}

/** What a sample without repetition proves, with 95 % confidence. */
export interface SampleReport {
  readonly drawn: number;
  /** Files of the catalog. */
  readonly population: number;
  /** At most so large a share of all files is missing, from 0 to 1. */
  readonly missingAtMost: number;
  /** The same of files that are missing, different or could not be compared. */
  readonly wrongAtMost: number;
}

export interface VerifyReport {
  /**
   * - `all`     the work items of a CSV, or a sample of their files
   * - `own`     what one state has completed (`run --verify`)
   * - `canary`  what was done first (`run --canary`)
   */
  readonly scope: "all" | "own" | "canary";
  /** Blob endpoint and container. */
  readonly target: string;
  readonly catalog: string;
  /** `bytes` with --deep. */
  readonly depth: "properties" | "bytes";
  readonly rows: {
    readonly rows: number;
    readonly workItems: number;
    readonly duplicates: number;
    readonly rejected: number;
  };
  /** Rows of the catalog that belong to no work item. */
  readonly catalogRejected: number;
  /** verified: those that were looked at; total = rows.workItems when it came to its end */
  readonly workItems: {
    readonly verified: number;
    readonly empty: number;
    readonly lookupsFailed: number;
    readonly listed: number;
    readonly notListedToEnd: number;
  };
  /** total = same + missing + different + unreadable + refused + leftOut; same is the sum of the four proofs. */
  readonly files: {
    readonly total: number;
    readonly sameByBytes: number;
    readonly sameByMd5: number;
    readonly sameByLength: number;
    readonly sameByName: number;
    readonly missing: number;
    readonly different: number;
    readonly unreadable: number;
    readonly refused: number;
    readonly leftOut: number;
    readonly notAnnounced: number;
  };
  /** Blobs that no row explains, and those that were not judged because there were too many. */
  readonly extra: { readonly blobs: number; readonly notJudged: number };
  /** undefined: neither states nor the account's record were there. */
  readonly record:
    | {
        readonly by: "states" | "account";
        readonly totalPartitions: number;
        readonly workItemsDone: number;
        readonly workItems: number;
        readonly open: readonly string[];
      }
    | undefined;
  readonly sample: SampleReport | undefined;
  readonly cost: {
    readonly lists: number;
    readonly looks: number;
    readonly reads: number;
    readonly bytesRead: number;
    readonly elapsedMs: number;
  };
  /** Some of each kind. */
  readonly examples: readonly VerifyFinding[];
  readonly stoppedBy: string | undefined;
  /** What can be done next, commands to copy. */
  readonly nextCommands: readonly string[];
}

/**
 * - `proven`     everything that was looked at is as it should be
 * - `damaged`    something is missing or different
 * - `not-proven` nothing is missing or different, but something could not be proven
 * - `stopped`    it was stopped before its end
 */
export type VerifyVerdict = "proven" | "damaged" | "not-proven" | "stopped";

/** The one word for what was found. */
export function verifyVerdict(report: VerifyReport): VerifyVerdict {
  const { files, workItems, record, rows, catalogRejected } = report;
  if (report.stoppedBy !== undefined) return "stopped";
  if (files.missing + files.different > 0) return "damaged";
  const unproven = files.unreadable + files.refused + files.notAnnounced + workItems.lookupsFailed;
  const open = record?.open.length ?? 0;
  return unproven + open + rows.rejected + catalogRejected > 0 ? "not-proven" : "proven";
}

/** Files that were found as they should be. */
export function sameFiles({ files }: Pick<VerifyReport, "files">): number {
  return files.sameByBytes + files.sameByMd5 + files.sameByLength + files.sameByName;
}

/** The report as fields for programs (docs/events.md). */
export function verifyJson(report: VerifyReport): JsonFields {
  const { record, sample } = report;
  return {
    verdict: verifyVerdict(report),
    stoppedBy: report.stoppedBy ?? null,
    scope: report.scope,
    target: report.target,
    catalog: report.catalog,
    depth: report.depth,
    rows: { ...report.rows },
    catalogRejected: report.catalogRejected,
    workItems: { ...report.workItems },
    files: { ...report.files },
    extra: { ...report.extra },
    record: record === undefined ? null : { ...record, open: [...record.open] },
    sample: sample === undefined ? null : { ...sample },
    cost: { ...report.cost, elapsedMs: Math.round(report.cost.elapsedMs) },
    nextCommands: [...report.nextCommands],
  };
}

/** A finding as fields for programs (docs/events.md). */
export function findingJson({ fileName, blobName, ...finding }: VerifyFinding): JsonFields {
  return { ...finding, fileName: fileName ?? null, blobName: blobName ?? null };
}
