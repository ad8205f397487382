/** What `reupload announce` did: what its text, its NDJSON event and its exit code are made from. */
import type { AnnouncementCounts } from "../state/announcements.ts";
import type { FailureGroup } from "../state/ledger.ts";
import type { JsonFields } from "./json-forms.ts";

type Sample = FailureGroup["samples"][number];

export interface AnnounceReport {
  /** `--dry-run`: nothing was sent. */
  readonly isDryRun: boolean;
  /** `--all`: those announced before, too. */
  readonly all: boolean;
  readonly queue: string;
  /** Of a dry run: the queue is not there yet. */
  readonly wouldCreateQueue: boolean;
  /** As they stood before anything was sent. */
  readonly counts: AnnouncementCounts;
  readonly sent: number;
  /** The queue took them not, after every attempt: they are still owed. */
  readonly failed: number;
  /** Of those that failed, up to five. */
  readonly samples: readonly Sample[];
  /** What ended it before everything was tried, such as `Ctrl+C`. */
  readonly stoppedBy: string | undefined;
  readonly elapsedMs: number;
  readonly retries: number;
  readonly throttles: number;
  /** The command for what is left or failed; undefined when there is nothing. */
  readonly nextCommand: string | undefined;
  /** The command that announces what `counts.leftToRun` counts. */
  readonly resumeCommand: string;
}

/** How many files there were to announce. */
export function filesToAnnounce({ owed, again }: AnnouncementCounts, all: boolean): number {
  return all ? owed + again : owed;
}

/** - `completed` nothing is owed any more; `with-failures` some are; `stopped` not all were tried; `planned` a dry run */
export type AnnounceVerdict = "completed" | "with-failures" | "stopped" | "planned";

/** The one word for how it ended. */
export function announceVerdict({ isDryRun, stoppedBy, failed }: AnnounceReport): AnnounceVerdict {
  if (isDryRun) return "planned";
  if (stoppedBy !== undefined) return "stopped";
  return failed > 0 ? "with-failures" : "completed";
}

/** The report as fields for programs (docs/events.md). */
export function announceJson(report: AnnounceReport): JsonFields {
  const { counts, all, sent, failed } = report;
  const total = filesToAnnounce(counts, all);
  return {
    verdict: announceVerdict(report),
    stoppedBy: report.stoppedBy ?? null,
    queue: report.queue,
    wouldCreateQueue: report.wouldCreateQueue,
    all,
    files: { total, announced: sent, failed, left: total - sent - failed },
    before: { ...counts },
    samples: report.samples.map((sample) => ({
      ...sample,
      fileName: sample.fileName ?? null,
      requestId: sample.requestId ?? null,
    })),
    elapsedMs: Math.round(report.elapsedMs),
    retries: report.retries,
    throttles: report.throttles,
    nextCommand: report.nextCommand ?? null,
  };
}
