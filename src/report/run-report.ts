/**
 * How a run ended: what the summary, the NDJSON summary event and the exit code are made from. The account puts every
 * row and every file into exactly one class; what does not add up is a gap, an internal error.
 */
import type { FailureGroup, StateSummary } from "../state/ledger.ts";
import type { InputCounts } from "../state/run-record.ts";

export type RunEnding =
  /** Nothing pending is left. */
  | { readonly kind: "finished" }
  /** All that was asked for is done, and more is left; `by` is what asked for less, such as `--limit 20`. */
  | { readonly kind: "limited"; readonly by: string }
  /** By `--max-failures`; `why` is the evidence, such as `12 of 100 files failed`. */
  | { readonly kind: "too-many-failures"; readonly why: string }
  /** By the operator, an outage longer than `--max-wait`, an error; `why` is shown, such as `Ctrl+C`. */
  | { readonly kind: "stopped"; readonly why: string };

export interface RunReport {
  readonly runId: string;
  readonly ending: RunEnding;
  readonly partition: number | "auto";
  readonly totalPartitions: number;
  readonly input: InputCounts;
  /** Where the rejected rows of the CSV are; undefined when there are none. */
  readonly rejectedFile: string | undefined;
  /** Rows of the catalog that no work item could be given. */
  readonly catalogRejected: {
    readonly count: number;
    readonly file: string | undefined;
    /** Why, where no file says so. */
    readonly reason?: string | undefined;
  };
  /** Which files are taken, as it is told; undefined: all. */
  readonly filter?: string | undefined;
  readonly summary: StateSummary;
  readonly failures: readonly FailureGroup[];
  /** What this start did; `files` and `workItems` are those finished in any way. */
  readonly thisStart: {
    readonly elapsedMs: number;
    readonly files: number;
    readonly workItems: number;
    readonly bytes: number;
    readonly retries: number;
    readonly throttles: number;
    /** Second requests beside a first one that took long. */
    readonly hedges: number;
    /** Links that ended, or were about to, and were looked up again. */
    readonly linksRenewed: number;
    /** Work items whose lookup gave another number of files than the catalog's count before it. */
    readonly miscounted: { readonly workItems: number; readonly counted: number; readonly listed: number };
  };
  /** The exact command for what is left or failed; undefined when there is nothing to do. */
  readonly nextCommand: string | undefined;
}

export interface Account {
  /** total = the sum of the others */
  readonly rows: {
    readonly total: number;
    readonly completed: number;
    readonly empty: number;
    readonly failed: number;
    readonly skipped: number;
    readonly rejected: number;
    readonly duplicates: number;
    readonly otherPartitions: number;
    readonly left: number;
  };
  /** Of the work items that were looked up. total = the sum of the others */
  readonly files: {
    readonly total: number;
    readonly copied: number;
    readonly alreadyThere: number;
    /** Completed by another machine before their partition came here. */
    readonly elsewhere: number;
    readonly failed: number;
    readonly skipped: number;
    readonly left: number;
  };
  /** What does not add up, in words; empty when all is well. */
  readonly gaps: readonly string[];
}

/** Puts every row and file of the report into its class. */
export function balanceReport(report: RunReport): Account {
  const { summary, input } = report;
  const { pending, in_progress: inProgress, completed, empty, failed, ...others } = summary.workItems;
  const rows = {
    total: input.rows,
    completed: completed + others.elsewhere,
    empty,
    failed,
    skipped: others.skipped,
    rejected: input.rejected,
    duplicates: input.duplicates,
    otherPartitions: input.otherPartitions,
    left: pending + inProgress + others.not_mine,
  };
  const { total, copied, alreadyThere, elsewhere, failed: failedFiles, skipped } = summary.files;
  const finished = copied + alreadyThere + elsewhere + failedFiles + skipped;
  const files = {
    total,
    copied,
    alreadyThere,
    elsewhere,
    failed: failedFiles,
    skipped,
    left: Math.max(0, total - finished),
  };
  return { rows, files, gaps: [...sumGaps(rows, files), ...endingGaps(report, rows, files)] };
}

function sumGaps(rows: Account["rows"], files: Account["files"]): string[] {
  const gaps: string[] = [];
  const inClasses = sumOfParts(rows);
  if (inClasses !== rows.total)
    gaps.push(`the CSV has ${rows.total} rows, but the classes contain ${inClasses}`);
  const finished = sumOfParts(files);
  if (finished !== files.total) {
    gaps.push(`the catalog lists ${files.total} files, but the classes contain ${finished}`);
  }
  return gaps;
}

function endingGaps(report: RunReport, rows: Account["rows"], files: Account["files"]): string[] {
  const gaps: string[] = [];
  const failedAsAWhole = countIn(report, "failed", "workItems");
  if (report.ending.kind === "finished" && rows.left > 0) {
    gaps.push(`the run finished with ${rows.left} work items left`);
  }
  // A work item whose later lookup failed leaves files behind that an earlier lookup counted.
  if (report.ending.kind === "finished" && files.left > 0 && failedAsAWhole === 0) {
    gaps.push(`the run finished with ${files.left} files left`);
  }
  for (const outcome of ["failed", "skipped"] as const) {
    const listed = countIn(report, outcome, "files");
    if (listed !== files[outcome]) {
      gaps.push(`${files[outcome]} files are ${outcome}, ${listed} of them have a reason`);
    }
  }
  return gaps;
}

function sumOfParts(account: Account["rows"] | Account["files"]): number {
  return Object.values<number>({ ...account, total: 0 }).reduce((sum, part) => sum + part, 0);
}

function countIn(report: RunReport, outcome: FailureGroup["outcome"], what: "files" | "workItems"): number {
  return report.failures
    .filter((group) => group.outcome === outcome)
    .reduce((sum, group) => sum + group[what], 0);
}

/**
 * - `completed`         every work item and file of this partition is done
 * - `limited`           all that `--limit` or `--sample` asked for is done, more is left
 * - `with-failures`     finished (or all that was asked for), but something failed, vanished or was rejected
 * - `too-many-failures` ended early by `--max-failures`, resumable
 * - `stopped`           something is left, resumable
 * - `internal-error`    the account has a gap
 */
export type RunVerdict =
  | "completed"
  | "limited"
  | "with-failures"
  | "too-many-failures"
  | "stopped"
  | "internal-error";

/** The one word for how the run ended. */
export function judgeReport(report: RunReport, account: Account): RunVerdict {
  if (account.gaps.length > 0) return "internal-error";
  const { kind } = report.ending;
  if (kind === "stopped" || kind === "too-many-failures") return kind;
  const failed = account.rows.failed + account.files.failed;
  const rejected = account.rows.rejected + report.catalogRejected.count;
  if (failed + rejected + report.summary.drift.filesVanished > 0) return "with-failures";
  return account.rows.left > 0 ? "limited" : "completed";
}
