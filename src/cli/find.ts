/** `reupload find`: a query's work items as the CSV that `run` reads. */
import { resolveOne } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { find as findWorkItems, findFiles, type FindReport } from "../job/find.ts";
import { type JsonFields, jsonText, SCHEMA_VERSION } from "../report/report.ts";
import { quantity } from "../terminal/format.ts";
import { type Io, writeLines } from "../terminal/io.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";

export interface FindArguments {
  /** A file, or the name of a shipped query. */
  readonly query: string | undefined;
  /** `--query` */
  readonly text: string | undefined;
  /** `--param` */
  readonly parameters: readonly string[];
  /** `--out`; `-` for stdout. */
  readonly out: string;
  /** The options that it shares with `run`, as commander gives them. */
  readonly flags: Readonly<Record<string, string | boolean | string[] | undefined>>;
}

/** @returns the exit code; errors are told */
export async function find(given: FindArguments, io: Io): Promise<ExitCode> {
  const written = given.out === "-" ? "the CSV is incomplete" : `${given.out} is not written`;
  const words = { stops: "stopping the query", left: `stopped: ${written}` };
  return inSession(toRunFlags(given.flags), io, (session) => findInSession(given, session), {
    words,
    files: (options, path) => findFiles({ ...given, config: resolveOne(options, "config") }, path),
  });
}

function toRunFlags(options: FindArguments["flags"]): RunFlags {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

async function findInSession({ out, ...given }: FindArguments, session: Session): Promise<ExitCode> {
  const { io } = session;
  const isJson = resolveOne(session.given, "output") === "json";
  if (out === "-" && isJson) {
    throw new ReuploadError("usage", "The CSV and the JSON report cannot both go to stdout.", {
      advice: "Omit --output json, or give --out a file.",
    });
  }
  const report = await findWorkItems(session, {
    query: given.query,
    text: given.text,
    parameters: given.parameters,
    given: session.given,
    openOutput: async (companions) => ResultFile.create(out, io, companions),
  });
  if (isJson) await writeLines(io, [jsonText(reportJson(report, session.path(out)))]);
  else tell(report, out, session);
  return report.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

function tell(report: FindReport, out: string, session: Session): void {
  const { workItems, rows, duplicates, rejected, firstRejected } = report;
  const place = out === "-" ? "" : ` in ${out}`;
  const repeated = duplicates > 0 ? `, ${quantity(duplicates, "of them repeated", "of them repeated")}` : "";
  session.notice("info", `${quantity(workItems, "work item")}${place} (${quantity(rows, "row")}${repeated})`);
  if (rejected === 0) return;
  session.notice("warning", `${quantity(rejected, "row")} left out: no CSV can hold their ids`);
  for (const { workItem, reason } of firstRejected) {
    const ids = `JobId ${JSON.stringify(workItem.jobId)}, WorkItemId ${JSON.stringify(workItem.workItemId)}`;
    session.notice("warning", `${ids}: ${reason}`);
  }
}

function reportJson({ firstRejected, ...counts }: FindReport, path: string): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "found",
    out: path,
    ...counts,
    firstRejected: firstRejected.map(({ workItem, reason }) => ({
      jobId: workItem.jobId,
      workItemId: workItem.workItemId,
      reason,
    })),
  };
}
