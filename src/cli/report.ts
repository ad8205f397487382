/** `reupload report`: what was asked, done, when, how fast, and what failed. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { writeFiles } from "../job/files.ts";
import { checkOutputs } from "../job/outputs.ts";
import { gatherReport } from "../job/report.ts";
import { findStatePaths, OpenStates } from "../job/states.ts";
import { FILE_ROWS_CSV } from "../report/file-rows.ts";
import { fullReportJson } from "../report/full-report-json.ts";
import { jsonText } from "../report/json-forms.ts";
import { type Io, printLine, printLines } from "../terminal/io.ts";
import { reportText } from "../terminal/report-text.ts";
import { lineStyle } from "../terminal/style.ts";
import { parseOutput } from "./options.ts";
import { type Sink, writingTo } from "./output-file.ts";
import { resumeCommand } from "./run.ts";
import { packageVersion } from "./version.ts";

export interface ReportArguments {
  readonly stateDb?: readonly string[];
  readonly html?: string;
  readonly csv?: string;
  readonly json?: string;
  readonly bundle?: string;
  readonly log?: string;
  readonly attach?: readonly string[];
  readonly output?: string;
}

/** Without any, the JSON goes to stdout where that is asked for. */
function listOutputs(given: ReportArguments) {
  const isJson = parseOutput(given.output) === "json";
  const outputs = (["html", "json", "csv", "bundle"] as const).flatMap((kind) => {
    const out = given[kind];
    return out === undefined ? [] : [{ kind, option: `--${kind}`, out }];
  });
  return isJson && outputs.length === 0 ? [{ kind: "json", option: "--output", out: "-" } as const] : outputs;
}
/** @returns 0, or the code of a signal. @throws ReuploadError */
export async function report(given: ReportArguments, io: Io): Promise<ExitCode> {
  const paths = findStatePaths(given.stateDb, io);
  const outputs = listOutputs(given);
  const companions = checkOutputs(outputs, paths, io);
  using states = await OpenStates.open(paths, io);
  const found = await gatherReport(states, io.surroundings, { tool: packageVersion(), resumeCommand });
  const write = {
    html: async (sink: Sink) => {
      const { reportPage } = await import("../report/page/page.ts");
      return sink.write(reportPage(found));
    },
    json: (sink: Sink) => sink.write(`${jsonText(fullReportJson(found))}\n`),
    csv: (sink: Sink) => writeFiles(states, { filter: {}, format: FILE_ROWS_CSV, ...sink }),
    bundle: async (sink: Sink) => {
      const { makeBundle } = await import("../job/bundle.ts");
      const { log, attach: attached = [] } = given;
      const { signal } = sink;
      return sink.write((await makeBundle(states, io, { report: found, log, attached, signal })).zip);
    },
  };
  for (const { kind, out } of outputs) {
    const code = await writingTo({ out, companions }, io, async (sink) => {
      await write[kind](sink);
      return EXIT.done;
    });
    if (code !== EXIT.done) return code;
    if (out !== "-") printLine(io.stderr, `written: ${out}`);
  }
  if (outputs.length === 0) await printLines(io, reportText(found, lineStyle(io)));
  return EXIT.done;
}
