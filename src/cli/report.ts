/** `reupload report`: what was asked, done, when, how fast, and what failed. */
import type { ExitCode } from "../core/exit-codes.ts";
import { checkOutputs } from "../job/outputs.ts";
import { gatherReport } from "../job/report.ts";
import { findStatePaths, OpenStates } from "../job/states.ts";
import { REPORT_FORMS, writeReport } from "../job/write-report.ts";
import { type Io, printLines } from "../terminal/io.ts";
import { reportText } from "../terminal/report-text.ts";
import { lineStyle } from "../terminal/style.ts";
import type { AccountArguments } from "./account-run.ts";
import { wordResume } from "./next-command.ts";
import { parseOutput } from "./options.ts";
import { writeForms } from "./output-file.ts";
import { namedRun, reportOfRun } from "./report-run.ts";
import { packageVersion } from "./version.ts";

export interface ReportArguments extends AccountArguments {
  readonly html?: string;
  readonly csv?: string;
  readonly json?: string;
  readonly bundle?: string;
  readonly log?: string;
  readonly attach?: readonly string[];
  readonly output?: string;
}

/** @returns 0, or the code of a signal. @throws ReuploadError */
export async function report(given: ReportArguments, io: Io): Promise<ExitCode> {
  const account = namedRun(given, io);
  if (account !== undefined) return reportOfRun(given, account, io);
  const outputs = listOutputs(given);
  const paths = findStatePaths(given.stateDb, io);
  const companions = checkOutputs(outputs, paths, io);
  using states = await OpenStates.open(paths, io);
  const request = { tool: packageVersion(), resumeCommand: wordResume(io) };
  const found = await gatherReport(states, io.surroundings, request);
  const source = { states, report: found, place: io };
  const texts = { log: given.log, attached: given.attach ?? [] };
  if (outputs.length === 0) await printLines(io, reportText(found, lineStyle(io)));
  return await writeForms(outputs, companions, io, async (form, sink) =>
    writeReport(form, source, texts, sink),
  );
}

/** Without any, the JSON goes to stdout where that is asked for. */
function listOutputs(given: ReportArguments) {
  const isJson = parseOutput(given.output) === "json";
  const outputs = REPORT_FORMS.flatMap((form) => {
    const out = given[form];
    return out === undefined ? [] : [{ form, option: `--${form}`, out }];
  });
  return isJson && outputs.length === 0 ? [{ form: "json", option: "--output", out: "-" } as const] : outputs;
}
