/** What a run would do (`--dry-run`): what its text, its NDJSON event and its exit code are made from. */
import type { AttributeName } from "../core/blob-attributes.ts";
import type { FailureGroup, StateSummary } from "../state/ledger.ts";
import type { InputCounts } from "../state/run-record.ts";
import { failureJson, type JsonFields } from "./json-forms.ts";

/** Whether something may be done; `why` are the service's own words. */
type Right = { readonly isGiven: true } | { readonly isGiven: false; readonly why: string };

export interface DryRunReport {
  /** All work items that would be taken were looked up; otherwise it was stopped before. */
  readonly isComplete: boolean;
  readonly input: InputCounts;
  /** As they would stand at the end, if every transfer and announcement went well. */
  readonly summary: StateSummary;
  /** As of `RunReport`. */
  readonly filter?: string | undefined;
  readonly catalogRejected: number;
  /** Files that would be transferred, and their bytes as far as the catalog knows. */
  readonly toTransfer: {
    readonly files: number;
    readonly bytes: number;
    readonly filesOfUnknownLength: number;
  };
  /** Files in the target that are still to be announced. */
  readonly toAnnounceOnly: number;
  /** What would fail or be skipped without any try: collisions, bad names, failed lookups. */
  readonly failures: readonly FailureGroup[];
  /** Found by looking at some of the files; undefined when the target is not there yet. */
  readonly sample:
    | {
        readonly looked: number;
        readonly absent: number;
        readonly same: number;
        readonly different: number;
        readonly unreadable: number;
        readonly examples: readonly {
          readonly blobName: string;
          readonly code: string;
          readonly message: string;
        }[];
      }
    | undefined;
  /** undefined when the target is not there yet. */
  readonly rights:
    | {
        readonly mayWrite: Right;
        readonly maySend: Right | undefined;
        /** undefined when the blobs would get no tags. */
        readonly mayTag: Right | undefined;
      }
    | undefined;
  /** What the blobs would get otherwise than by default, as text. */
  readonly attributes: Partial<Readonly<Record<AttributeName, string>>>;
  /** Container and queue that would be created, in words. */
  readonly toCreate: readonly string[];
}

/**
 * - `ready`     nothing stands in the way
 * - `problems`  the run would go on, but some of it would fail, as far as can be seen
 * - `no-rights` this sign-in may not write, not tag or not send
 * - `stopped`   the dry run was stopped before it had looked at everything
 */
export type DryRunVerdict = "ready" | "problems" | "no-rights" | "stopped";

/** The one word for what a dry run found. */
export function dryRunVerdict(report: DryRunReport): DryRunVerdict {
  if (!report.isComplete) return "stopped";
  const { rights, sample, summary, input, catalogRejected } = report;
  const { mayWrite, mayTag, maySend } = rights ?? {};
  if ([mayWrite, mayTag, maySend].some((right) => right?.isGiven === false)) return "no-rights";
  const refused = summary.files.failed + summary.workItems.failed + input.rejected + catalogRejected;
  const seen = (sample?.different ?? 0) + (sample?.unreadable ?? 0);
  return refused + seen > 0 ? "problems" : "ready";
}

/** The report as fields for programs (docs/events.md). */
export function dryRunJson(report: DryRunReport): JsonFields {
  const { input, summary, sample, rights } = report;
  return {
    verdict: dryRunVerdict(report),
    rows: inputRows(input),
    workItems: { ...summary.workItems },
    catalogRejected: report.catalogRejected,
    files: {
      total: summary.files.total,
      toTransfer: report.toTransfer.files,
      bytes: report.toTransfer.bytes,
      ofUnknownLength: report.toTransfer.filesOfUnknownLength,
      toAnnounceOnly: report.toAnnounceOnly,
      failed: summary.files.failed,
      skipped: summary.files.skipped,
    },
    shortenedNames: summary.files.shortened,
    filter: report.filter ?? null,
    leftOut: summary.files.leftOut,
    repeatedEntries: summary.files.duplicates,
    failures: report.failures.map((group) => failureJson(group)),
    sample: sample === undefined ? null : { ...sample, examples: sample.examples.map((one) => ({ ...one })) },
    rights:
      rights === undefined
        ? null
        : {
            mayWrite: rights.mayWrite.isGiven,
            mayTag: rights.mayTag?.isGiven ?? null,
            maySend: rights.maySend?.isGiven ?? null,
          },
    attributes: { ...report.attributes },
    toCreate: [...report.toCreate],
  };
}

function inputRows({ rows, ours, duplicates, rejected, otherPartitions }: InputCounts) {
  return { rows, ours, duplicates, rejected, otherPartitions };
}
