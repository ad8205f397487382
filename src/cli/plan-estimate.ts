/** `reupload plan CSV [N] --estimate`: how many machines, and how long. */
import { collect, resolve, resolveOne } from "../config/config.ts";
import { duration, workRate } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { estimateRun, type EstimateRequest } from "../job/estimate.ts";
import { probeRate } from "../job/probe.ts";
import { estimateJson, jsonText } from "../report/report.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { estimateText } from "../terminal/plan/estimate-text.ts";
import { PLAIN } from "../terminal/style.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { inSession, type RunFlags, type StopWords } from "./session.ts";
import { endAtSignal } from "./stop-signals.ts";

export interface EstimateOptions {
  readonly estimate?: true;
  readonly rate?: string;
  readonly fromState?: string;
  readonly probe?: true;
  readonly filesPerWorkItem?: string;
  readonly within?: string;
  readonly olderRate?: string;
  readonly output?: string;
}

/** `--rate` and `--from-state` ask for it, too. */
export function wantsEstimate({ estimate, rate, fromState, probe }: EstimateOptions): boolean {
  return estimate === true || rate !== undefined || fromState !== undefined || probe === true;
}

interface EstimateArguments {
  readonly csv: string;
  readonly options: EstimateOptions;
  readonly flags: RunFlags;
}

/** @param machines asked for; undefined: the estimate recommends a number @throws ReuploadError */
export async function printEstimate(
  given: EstimateArguments,
  machines: number | undefined,
  io: Io,
): Promise<ExitCode> {
  const { csv, options } = given;
  parseOutput(options.output);
  const rate = chooseRate(options);
  if (rate !== "probe") return printWithRate(given, rate, machines, io);
  const { output: _output, ...flags } = given.flags;
  const work: Parameters<typeof inSession>[2] = async (session) => {
    const measured = await probeRate(session, resolve(session.given, {}));
    return printWithRate(given, measured, machines, io);
  };
  return inSession({ ...flags, csv }, io, work, { words: PROBE_WORDS });
}

const PROBE_WORDS: StopWords = { stops: "stopping the probe", left: "stopped; nothing is estimated" };

async function printWithRate(
  { csv, options, flags }: EstimateArguments,
  rate: EstimateRequest["rate"],
  machines: number | undefined,
  io: Io,
): Promise<ExitCode> {
  const given = collect(flags, io.env, io.cwd);
  const { filesPerWorkItem, within, olderRate } = options;
  const request: EstimateRequest = {
    csv,
    machines,
    rate,
    filesPerWorkItem:
      filesPerWorkItem === undefined
        ? undefined
        : parseWholeNumber(filesPerWorkItem, "--files-per-work-item", 1, 10_000_000),
    queues: resolveOne(given, "announce") ? resolveOne(given, "queue").split(",").length : 0,
    withinMs: within === undefined ? undefined : parsed("--within", within, duration("1m", "365d")),
    olderRate: olderRate === undefined ? undefined : parsed("--older-rate", olderRate, workRate),
  };
  const dispose = endAtSignal(io, "nothing was estimated");
  const report = await estimateRun(request, io).finally(dispose);
  if (options.output === "json") await writeLines(io, [jsonText(estimateJson(report))]);
  else await printLines(io, estimateText(report, { ...PLAIN, width: io.stdout.columns ?? 120 }));
  return EXIT.done;
}

function chooseRate({ rate, fromState, probe }: EstimateOptions): EstimateRequest["rate"] | "probe" {
  const flags = [
    ...(rate === undefined ? [] : ["--rate"]),
    ...(fromState === undefined ? [] : ["--from-state"]),
    ...(probe === undefined ? [] : ["--probe"]),
  ];
  if (flags.length > 1) {
    throw new ReuploadError("bad-option", `${flags.join(" and ")} cannot be used together.`, {
      advice: "Give one of them.",
    });
  }
  if (rate !== undefined) return parsed("--rate", rate, workRate);
  if (fromState !== undefined) return { stateDb: fromState };
  if (probe === true) return "probe";
  throw new ReuploadError("usage", "An estimate needs the rate of one machine.", {
    advice:
      "Give --rate 150/s (files) or --rate 12/min (work items), --from-state with a run's state, or --probe.",
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
