/** `reupload plan CSV [N] --estimate`: how many machines, and how long. */
import { collect, resolveOne } from "../config/config.ts";
import { duration, workRate } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { estimateRun, type EstimateRequest } from "../job/estimate.ts";
import { estimateJson } from "../report/estimate-report.ts";
import { jsonText } from "../report/json-forms.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { estimateText } from "../terminal/plan/estimate-text.ts";
import { PLAIN } from "../terminal/style.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import type { RunFlags } from "./session.ts";
import { endAtSignal } from "./stop-signals.ts";

export interface EstimateOptions {
  readonly estimate?: true;
  readonly rate?: string;
  readonly fromState?: string;
  readonly filesPerWorkItem?: string;
  readonly within?: string;
  readonly olderRate?: string;
  readonly output?: string;
}

/** `--rate` and `--from-state` ask for it, too. */
export function wantsEstimate({ estimate, rate, fromState }: EstimateOptions): boolean {
  return estimate === true || rate !== undefined || fromState !== undefined;
}

/** @param machines asked for; undefined: the estimate recommends a number @throws ReuploadError */
export async function printEstimate(
  {
    csv,
    options,
    flags,
  }: { readonly csv: string; readonly options: EstimateOptions; readonly flags: RunFlags },
  machines: number | undefined,
  io: Io,
): Promise<ExitCode> {
  const isJson = parseOutput(options.output) === "json";
  const given = collect(flags, io.env, io.cwd);
  const { filesPerWorkItem, within, olderRate } = options;
  const request: EstimateRequest = {
    csv,
    machines,
    rate: chooseRate(options),
    filesPerWorkItem:
      filesPerWorkItem === undefined
        ? undefined
        : parseWholeNumber(filesPerWorkItem, "--files-per-work-item", 1, 10_000_000),
    queues: resolveOne(given, "announce") ? resolveOne(given, "queue").split(",").length : 0,
    withinMs: within === undefined ? undefined : parsed("--within", within, duration("1m", "365d")),
    olderRate: olderRate === undefined ? undefined : parsed("--older-rate", olderRate, workRate),
  };
  const dispose = endAtSignal(io.stderr, "nothing is estimated");
  const report = await estimateRun(request, io).finally(dispose);
  if (isJson) await writeLines(io, [jsonText(estimateJson(report))]);
  else await printLines(io, estimateText(report, { ...PLAIN, width: io.stdout.columns ?? 120 }));
  return EXIT.done;
}

function chooseRate({ rate, fromState }: EstimateOptions): EstimateRequest["rate"] {
  if (rate !== undefined && fromState !== undefined) {
    throw new ReuploadError("bad-option", "--rate and --from-state cannot be used together.", {
      advice: "Omit one of them.",
    });
  }
  if (rate !== undefined) return parsed("--rate", rate, workRate);
  if (fromState !== undefined) return { stateDb: fromState };
  throw new ReuploadError("usage", "An estimate needs the rate of one machine.", {
    advice: "Give --rate 150/s (files), --rate 12/min (work items), or --from-state with the state of a run.",
  });
}

/** @throws ReuploadError `bad-option` */
function parsed<Value>(flag: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (thrown) {
    throw new ReuploadError("bad-option", `${flag}: ${errorMessageText(thrown)}, got "${text}"`);
  }
}
