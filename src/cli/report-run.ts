/** `reupload report --target`: a whole run, as its account knows it. */
import { collect, type Given } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { checkOutputs } from "../job/outputs.ts";
import { RunMonitor } from "../job/run-monitor.ts";
import { writeAccountReport } from "../job/write-report.ts";
import { type Io, printLines } from "../terminal/io.ts";
import { runMonitorText } from "../terminal/run-picture-text.ts";
import { accountRequest } from "./account-run.ts";
import { parseOutput } from "./options.ts";
import { writeForms } from "./output-file.ts";
import type { ReportArguments } from "./report.ts";
import { packageVersion } from "./version.ts";

/** What only states know. */
const OF_STATES = ["stateDb", "csv", "bundle", "log", "attach"] as const;

/** Only a run that is named on the command line is looked at in its account. @throws ReuploadError `bad-config` */
export function namedRun({ flags = {}, runId }: ReportArguments, io: Io): Given | undefined {
  const isNamed = runId !== undefined || flags.target !== undefined || flags.targetContainer !== undefined;
  return isNamed ? collect(flags, io.env, io.cwd) : undefined;
}

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
  const isJson = parseOutput(args.output) === "json" && outputs.length === 0;
  const all = isJson ? [{ form: "json", out: "-" } as const] : outputs;
  const abort = new AbortController();
  const request = accountRequest(given, args.runId, io, { signal: abort.signal, isQuiet: isJson });
  using run = await RunMonitor.open(request, [], io, 1_000);
  if (all.length === 0) await printLines(io, runMonitorText(run.picture));
  return await writeForms(all, companions, io, async (form, { write }) =>
    write(await writeAccountReport(form, run, packageVersion())),
  );
}
