/** `reupload report --target`: a whole run, as its account knows it. */
import type { Given } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { checkOutputs } from "../job/outputs.ts";
import { RunMonitor } from "../job/run-monitor.ts";
import { accountJson } from "../report/account-json.ts";
import { jsonText } from "../report/json-forms.ts";
import { accountPage } from "../report/page/account-page.ts";
import { type Io, printLine, printLines } from "../terminal/io.ts";
import { runMonitorText } from "../terminal/run-picture-text.ts";
import { accountRequest } from "./account-run.ts";
import { writingTo } from "./output-file.ts";
import type { ReportArguments } from "./report.ts";
import { packageVersion } from "./version.ts";

/** What only states know. */
const OF_STATES = ["stateDb", "csv", "bundle", "log", "attach"] as const;

/** @returns 0, or the code of a signal. @throws ReuploadError */
export async function reportOfRun(args: ReportArguments, given: Given, io: Io): Promise<ExitCode> {
  const odd = OF_STATES.find((name) => args[name] !== undefined);
  if (odd !== undefined) {
    throw new ReuploadError(
      "usage",
      `--${odd === "stateDb" ? "state-db" : odd} needs states, but a run is given.`,
      {
        advice: "Give --state-db, or name the run with --target and --run and write --html or --json.",
      },
    );
  }
  const outputs = (["html", "json"] as const).flatMap((form) => {
    const out = args[form];
    return out === undefined ? [] : [{ form, option: `--${form}`, out }];
  });
  const companions = checkOutputs(outputs, [], io);
  const isJson = args.output === "json" && outputs.length === 0;
  const all = isJson ? [{ form: "json", out: "-" } as const] : outputs;
  const abort = new AbortController();
  const request = accountRequest(given, args.runId, io, { signal: abort.signal, isQuiet: isJson });
  using run = await RunMonitor.open(request, [], io, 1_000);
  const { picture, exitCode } = run;
  for (const { form, out } of all) {
    const text =
      form === "html"
        ? accountPage(picture, packageVersion())
        : `${jsonText(accountJson("report", picture, exitCode))}\n`;
    const code = await writingTo({ out, companions }, io, async ({ write }) => {
      await write(text);
      return EXIT.done;
    });
    if (code !== EXIT.done) return code;
    if (out !== "-") printLine(io.stderr, `written: ${out}`);
  }
  if (all.length === 0) await printLines(io, runMonitorText(picture));
  return EXIT.done;
}
