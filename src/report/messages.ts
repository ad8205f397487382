/**
 * Everything that a run says, as types with a JSON form; `terminal/message-text.ts` has their text, and nothing else prints. With --output json each
 * message is one line (NDJSON); docs/events.md describes every type and a test holds both equal.
 */
import { errorMessageText, type ReuploadError } from "../core/errors.ts";
import type { FailureCode } from "../core/failure.ts";
import type { ProgressView, Waiting } from "../progress/progress.ts";
import type { RunReport } from "./run-report.ts";
import { isoTime, type JsonFields, jsonText, progressJson, reportJson, waitingJson } from "./json-forms.ts";
import { type DryRunReport, dryRunJson } from "./dry-run-report.ts";
import { type OthersReport, othersJson } from "./others-report.ts";
import { type AnnounceReport, announceJson } from "./announce-report.ts";
import { findingJson, type VerifyFinding, verifyJson, type VerifyReport } from "./verify-report.ts";

/** Grows when a field changes its meaning or goes; a new field or type does not change it. */
export const SCHEMA_VERSION = 1;

interface RunStarted {
  readonly type: "run-started";
  readonly runId: string;
  /** 1 for the first time; more after a resume. */
  readonly starts: number;
  readonly partition: number | "auto";
  readonly totalPartitions: number;
  /** Data rows of the CSV, and the work items of this partition among them. */
  readonly rows: number;
  readonly workItems: number;
  readonly target: string;
  /** undefined: nothing is announced. */
  readonly queue: string | undefined;
  readonly catalog: string;
  readonly stateDb: string;
}

/** What became of one file; told with --verbose. */
interface FileFinished {
  readonly type: "file";
  /** `announced`: by `reupload announce`. `planned`: in a dry run, it would be transferred or announced. */
  readonly outcome: "copied" | "already-there" | "announced" | "skipped" | "failed" | "planned";
  readonly jobId: string;
  readonly workItemId: string;
  readonly fileName: string;
  readonly blobName: string;
  readonly bytes: number | undefined;
  /** How it was put there, such as `put-blob`. */
  readonly method: string | undefined;
  readonly attempts: number;
  readonly failure:
    | {
        readonly code: FailureCode;
        readonly message: string;
        readonly requestId: string | undefined;
      }
    | undefined;
}

/** A limit that the run found for itself has changed; told with --verbose. */
interface ConcurrencyChanged {
  readonly type: "concurrency";
  /** `file slots`, `threads`, or a service such as `queue account.queue.core.windows.net`. */
  readonly what: string;
  readonly unit: "slots" | "threads" | "requests/s";
  /** undefined: unlimited */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly why: string;
}

/** A thread of `--threads` has died. What it had under way is done again by another one, unless the run is given up. */
interface ThreadEnded {
  readonly type: "thread-ended";
  /** In the system's words. */
  readonly why: string;
  /** Transfers and announcements that it had under way. */
  readonly underWay: number;
  /** Another one is started; else the run goes on with those that are left. */
  readonly isReplaced: boolean;
  /** What is in flight is given up. */
  readonly isStopping: boolean;
}

export type Message =
  | RunStarted
  | { readonly type: "progress"; readonly view: ProgressView }
  /** A service is gone; its slots pause. */
  | { readonly type: "waiting"; readonly waiting: Waiting }
  | { readonly type: "resumed"; readonly what: string; readonly waitedMs: number }
  | { readonly type: "notice"; readonly level: "info" | "warning"; readonly message: string }
  /** An operator asked for something. */
  | {
      readonly type: "control";
      /** In short, such as `pause` or `--max-requests 500/s`. */
      readonly request: string;
      /** Who asked. */
      readonly by: string;
      readonly taken: boolean;
      /** What became of it. */
      readonly text: string;
    }
  | FileFinished
  | ConcurrencyChanged
  | ThreadEnded
  | { readonly type: "summary"; readonly report: RunReport }
  | { readonly type: "dry-run"; readonly report: DryRunReport }
  | { readonly type: "announce-summary"; readonly report: AnnounceReport }
  /** Something that a verification found; in text told with --verbose. */
  | { readonly type: "finding"; readonly finding: VerifyFinding }
  | { readonly type: "verify-summary"; readonly report: VerifyReport }
  /** After the summary of a run with partitions. */
  | { readonly type: "other-machines"; readonly report: OthersReport }
  | {
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      /** The chain of causes, outermost first; only with --verbose. */
      readonly causes: readonly string[];
    };

export const MESSAGE_TYPES = [
  "run-started",
  "progress",
  "waiting",
  "resumed",
  "notice",
  "control",
  "file",
  "concurrency",
  "thread-ended",
  "summary",
  "dry-run",
  "announce-summary",
  "finding",
  "verify-summary",
  "other-machines",
  "error",
] as const satisfies readonly Message["type"][];

/** The message as one line of NDJSON, without the line end. @param time ms since the epoch */
export function toJsonLine(message: Message, time: number): string {
  const line: JsonFields = {
    schemaVersion: SCHEMA_VERSION,
    type: message.type,
    time: isoTime(time),
    ...jsonFields(message),
  };
  return jsonText(line);
}

function jsonFields(message: Message): JsonFields {
  switch (message.type) {
    case "run-started":
      return { ...message, queue: message.queue ?? null };
    case "progress":
      return progressJson(message.view);
    case "waiting":
      return waitingJson(message.waiting);
    case "resumed":
      return { what: message.what, waitedMs: Math.round(message.waitedMs) };
    case "notice":
      return { level: message.level, message: message.message };
    case "control": {
      const { request, by, taken, text } = message;
      return { request, by, taken, answer: text };
    }
    case "file":
      return fileFields(message);
    case "concurrency": {
      const { what, unit, from, to, why } = message;
      return { what, unit, from: rounded(from), to: rounded(to), why };
    }
    case "thread-ended": {
      const { why, underWay, isReplaced, isStopping } = message;
      return { why, underWay, replaced: isReplaced, stopping: isStopping };
    }
    case "summary":
      return reportJson(message.report);
    case "dry-run":
      return dryRunJson(message.report);
    case "announce-summary":
      return announceJson(message.report);
    case "finding":
      return findingJson(message.finding);
    case "verify-summary":
      return verifyJson(message.report);
    case "other-machines":
      return othersJson(message.report);
    case "error":
      return {
        error: {
          code: message.code,
          message: message.message,
          hint: message.hint,
          causes: message.causes,
        },
      };
  }
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}

function fileFields({ failure, ...file }: FileFinished): JsonFields {
  return {
    ...file,
    bytes: file.bytes ?? null,
    method: file.method ?? null,
    failure: failure === undefined ? null : { ...failure, requestId: failure.requestId ?? null },
  };
}

/** The message of an error that ends a command. @param verbose tell the causes too */
export function errorMessage(error: ReuploadError, verbose: boolean): Message {
  const { code, message, advice } = error;
  return { type: "error", code, message, hint: advice, causes: verbose ? listCauses(error) : [] };
}

const MOST_CAUSES = 8;

function listCauses(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < MOST_CAUSES;) {
    const requestId = cause instanceof Error && "requestId" in cause ? cause.requestId : undefined;
    causes.push(
      `${errorMessageText(cause)}${typeof requestId === "string" ? ` (request id ${requestId})` : ""}`,
    );
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/**
 * What to tell when the services waited for have changed: each that is gone, each that answers again. Services that
 * only ask to slow down come and go by the second and are counted instead.
 *
 * @param time ms since the epoch
 */
export function waitingMessages(
  before: readonly Waiting[],
  after: readonly Waiting[],
  time: number,
): Message[] {
  const gone = (list: readonly Waiting[]) => list.filter((waiting) => !waiting.throttled);
  const isIn = (list: readonly Waiting[], { what }: Waiting) => list.some((other) => other.what === what);
  return [
    ...gone(before)
      .filter((waiting) => !isIn(gone(after), waiting))
      .map(({ what, since }) => ({ type: "resumed" as const, what, waitedMs: Math.max(0, time - since) })),
    ...gone(after)
      .filter((waiting) => !isIn(gone(before), waiting))
      .map((waiting) => ({ type: "waiting" as const, waiting })),
  ];
}
