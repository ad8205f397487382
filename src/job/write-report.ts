/** The forms in which a report is written to a file. */
import { accountJson } from "../report/account-json.ts";
import { FILE_ROWS_CSV } from "../report/file-rows.ts";
import type { FullReport } from "../report/full-report.ts";
import { fullReportJson } from "../report/full-report-json.ts";
import { jsonText } from "../report/json-forms.ts";
import type { RunMonitor } from "./run-monitor.ts";
import type { BundleRequest } from "./bundle.ts";
import { type FilesRequest, writeFiles } from "./files.ts";
import type { OpenStates, Place } from "./states.ts";

/** In the order in which they are written. */
export const REPORT_FORMS = ["html", "json", "csv", "bundle"] as const;

export interface ReportSource {
  readonly states: OpenStates;
  readonly report: FullReport;
  readonly place: Place;
}

/** Takes what is written. */
export interface ReportSink extends Pick<FilesRequest, "isLeft" | "signal"> {
  readonly write: (content: string | Uint8Array) => Promise<void>;
}

/** @throws ReuploadError those of `writeFiles` and `makeBundle`; the signal's reason */
export async function writeReport(
  form: (typeof REPORT_FORMS)[number],
  { states, report, place }: ReportSource,
  texts: Pick<BundleRequest, "log" | "attached">,
  sink: ReportSink,
): Promise<void> {
  switch (form) {
    case "html": {
      const { reportPage } = await import("../report/page/page.ts");
      return sink.write(reportPage(report));
    }
    case "json":
      return sink.write(`${jsonText(fullReportJson(report))}\n`);
    case "csv":
      await writeFiles(states, { filter: {}, format: FILE_ROWS_CSV, ...sink });
      return;
    case "bundle": {
      const { makeBundle } = await import("./bundle.ts");
      const { zip } = await makeBundle(states, place, { report, ...texts, signal: sink.signal });
      return sink.write(zip);
    }
  }
}

/** The report of a whole run, as its account knows it, as text. @param tool version of this tool */
export async function writeAccountReport(
  form: "html" | "json",
  { picture, exitCode }: Pick<RunMonitor, "picture" | "exitCode">,
  tool: string,
): Promise<string> {
  if (form === "json") return `${jsonText(accountJson("report", picture, exitCode))}\n`;
  const { accountPage } = await import("../report/page/account-page.ts");
  return accountPage(picture, tool);
}
