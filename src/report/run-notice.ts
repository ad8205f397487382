/** The message that `--notify` sends when a run has ended; docs/events.md describes it. */
import type { ReuploadError } from "../core/errors.ts";
import { isoTime, type JsonFields, reportJson } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";
import type { RunReport } from "./run-report.ts";

export interface RunNotice {
  /** The same for each try to deliver it. */
  readonly id: string;
  /** ms since the epoch. */
  readonly time: number;
  readonly host: string;
  readonly stateDb: string;
  readonly exitCode: number;
  /** undefined: the run ended before its first file. */
  readonly report: RunReport | undefined;
  /** What ended it, when that is an error. */
  readonly error: Pick<ReuploadError, "code" | "message" | "advice"> | undefined;
}

/** As it is sent; `jsonText` makes the text and takes secrets out. */
export function runNoticeJson({ id, time, host, stateDb, exitCode, report, error }: RunNotice): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "run-ended",
    time: isoTime(time),
    id,
    host,
    stateDb,
    exitCode,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.advice },
    summary: report === undefined ? null : reportJson(report),
  };
}
