/**
 * What programs read with --output json: plain numbers (bytes, ms), dates as ISO 8601 UTC, null for what is not known.
 * The fields are an interface, described in docs/events.md.
 */
import { FAILURES } from "../core/failure.ts";
import { redact } from "../core/secret.ts";
import type { ProgressView, RunParts, Waiting } from "../progress/progress.ts";
import { balanceReport, type RunReport, judgeReport } from "./run-report.ts";
import { printableJson } from "../core/unprintable.ts";

/** JSON values as they are written; undefined has no place in it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonFields = Readonly<Record<string, Json>>;

/** ms since the epoch, for programs: `2026-07-01T12:00:05.000Z` */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** As text on one line; nothing in it is secret, and a terminal can show it. */
export function jsonText(fields: JsonFields): string {
  return printableJson(
    JSON.stringify(fields, (_key, value: Json) => (typeof value === "string" ? redact(value) : value)),
  );
}

/**
 * The data of the `progress` event, as docs/events.md lists it: durations in ms, bytes, rates with two decimals.
 */
export function progressJson(view: ProgressView): JsonFields {
  const { live, files } = view;
  return {
    elapsedMs: Math.round(view.elapsedMs),
    state: live.state ?? null,
    pausedBy: [...(live.pausedBy ?? [])],
    workItems: { ...view.workItems },
    files: { ...files, total: files.total ?? null, left: files.left ?? null },
    bytes: view.bytes,
    thisStart: { ...view.thisStart },
    filesPerSecond: twoDecimals(view.filesPerSecond),
    workItemsPerMinute: twoDecimals(view.workItemsPerMinute),
    bytesPerSecond: view.bytesPerSecond === undefined ? null : Math.round(view.bytesPerSecond),
    eta: view.eta === undefined ? null : { ...view.eta },
    slots: live.slots,
    slotsInUse: live.slotsInUse,
    openWorkItems: live.openWorkItems,
    retries: live.retries,
    throttles: live.throttles,
    hedges: live.hedges,
    limitedBy: live.limitedBy ?? null,
    waiting: live.waiting.map((waiting) => waitingJson(waiting)),
    ...(view.parts === undefined ? {} : { partitions: partsJson(view.parts) }),
  };
}

function partsJson({ filesPerSecondElsewhere, files, ...parts }: RunParts): JsonFields {
  return { ...parts, filesPerSecondElsewhere: twoDecimals(filesPerSecondElsewhere), files: files ?? null };
}

function twoDecimals(rate: number | undefined): number | null {
  return rate === undefined ? null : Math.round(rate * 100) / 100;
}

/** A service that is waited for; `since` as ISO 8601 in UTC. */
export function waitingJson(waiting: Waiting): JsonFields {
  const { what, since, advice, throttled } = waiting;
  return { what, since: isoTime(since), advice, throttled };
}

/** The data of the `summary` event, as docs/events.md lists it. */
export function reportJson(report: RunReport): JsonFields {
  const account = balanceReport(report);
  const { summary } = report;
  return {
    runId: report.runId,
    verdict: judgeReport(report, account),
    stoppedBy: stoppedBy(report),
    partition: report.partition,
    totalPartitions: report.totalPartitions,
    rows: account.rows,
    files: account.files,
    gaps: account.gaps,
    notLookedUp: summary.notLookedUp,
    expectedFiles: summary.files.expected,
    drift: { ...summary.drift },
    announced: summary.files.announced,
    uploadedNotAnnounced: summary.files.uploaded,
    filter: report.filter ?? null,
    leftOut: summary.files.leftOut,
    repeatedEntries: summary.files.duplicates,
    shortenedNames: summary.files.shortened,
    bytes: summary.bytes,
    rejectedFile: report.rejectedFile ?? null,
    catalogRejected: {
      count: report.catalogRejected.count,
      file: report.catalogRejected.file ?? null,
      reason: report.catalogRejected.reason ?? null,
    },
    failures: report.failures.map((group) => failureJson(group)),
    thisStart: { ...report.thisStart, elapsedMs: Math.round(report.thisStart.elapsedMs) },
    nextCommand: report.nextCommand ?? null,
  };
}

function stoppedBy({ ending }: RunReport): string | null {
  switch (ending.kind) {
    case "finished":
      return null;
    case "limited":
      return ending.by;
    case "too-many-failures":
    case "stopped":
      return ending.why;
  }
}

/** Failures of one code with examples; `retryable` and the advice are those of the registry. */
export function failureJson(group: RunReport["failures"][number]): JsonFields {
  const { code, outcome, files, workItems, samples } = group;
  return {
    code,
    outcome,
    files,
    workItems,
    ...FAILURES[code],
    samples: samples.map((sample) => ({
      ...sample,
      fileName: sample.fileName ?? null,
      requestId: sample.requestId ?? null,
    })),
  };
}
