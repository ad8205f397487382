/** `reupload plan CSV N`: the commands of each machine, ready to paste. */
import { collect } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { distribute } from "../job/distribution.ts";
import { makePlan } from "../job/plan.ts";
import { uncountedText } from "../terminal/distribution-text.ts";
import { type Io, printLine, writeLines } from "../terminal/io.ts";
import { PLAN_FORMATS, type PlanFormat, planText } from "../terminal/plan/plan-text.ts";
import { type Shell, SHELLS } from "../terminal/shell.ts";
import { parseChoice, parseOutput, parseWholeNumber } from "./options.ts";
import { type EstimateOptions, printEstimate, wantsEstimate } from "./plan-estimate.ts";
import type { RunFlags } from "./session.ts";
import { endAtSignal } from "./stop-signals.ts";
import { packageVersion } from "./version.ts";

export interface PlanArguments {
  readonly csv: string;
  /** Number of machines, after the CSV. */
  readonly n: string | undefined;
  /** Options of `run` that the commands repeat. */
  readonly flags: RunFlags;
  readonly options: {
    readonly machines?: string;
    readonly shell: string;
    readonly format?: string;
    readonly partition?: string;
    readonly totalPartitions?: string;
    readonly resume?: true;
    readonly output?: string;
  } & EstimateOptions;
}

/** @throws ReuploadError */
export async function plan(given: PlanArguments, io: Io): Promise<ExitCode> {
  const { csv, options, flags } = given;
  if (wantsEstimate(options)) return printEstimate(given, parseMachines(given), io);
  const isAuto = options.partition !== undefined;
  if (isAuto) parseChoice(options.partition, "--partition", ["auto"]);
  const machines = countMachines(given, isAuto);
  const shells = parseShells(options.shell, machines);
  const format = parseFormat(options);
  const report = makePlan({
    csv,
    given: collect(flags, io.env, io.cwd),
    env: io.env,
    partitions: isAuto ? "auto" : "fixed",
    total: isAuto ? parseTotal(options.totalPartitions) : machines,
    version: packageVersion(),
    now: io.surroundings.wall(),
  });
  const dispose = endAtSignal(io, "no plan was made");
  const distribution = await distribute({ csv, total: isAuto ? 1 : machines }, io).finally(dispose);
  const workItems = distribution.partitions.map(({ count }) => count);
  await writeLines(io, planText(report, { format, shells, workItems, isResume: options.resume === true }));
  for (const line of uncountedText(distribution)) printLine(io.stderr, line);
  return distribution.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

function countMachines(given: PlanArguments, isAuto: boolean): number {
  const machines = parseMachines(given) ?? (isAuto ? 1 : undefined);
  if (machines !== undefined) return machines;
  throw new ReuploadError("usage", "The number of machines is not given.", {
    advice:
      "Give it after the CSV: reupload plan failed_workitems.csv 2 - or let --rate recommend one: --rate 150/s.",
  });
}

function parseMachines({ n, options }: PlanArguments): number | undefined {
  const { machines: flag } = options;
  if (n !== undefined && flag !== undefined && n !== flag) {
    throw new ReuploadError(
      "bad-option",
      `The number of machines is given twice: ${n} and --machines ${flag}.`,
      { advice: "Omit one of them." },
    );
  }
  const text = n ?? flag;
  return text === undefined ? undefined : parseWholeNumber(text, "number of machines", 1, 1000);
}

function parseTotal(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseWholeNumber(text, "--total-partitions", 1, 100_000);
}

/** `--output json` is the form of every command. */
function parseFormat({ format, output }: PlanArguments["options"]): PlanFormat {
  if (format !== undefined) return parseChoice(format, "--format", PLAN_FORMATS);
  return parseOutput(output) === "json" ? "json" : "commands";
}

/** One shell for all machines, or one for each. */
function parseShells(text: string, total: number): Shell[] {
  const shells = text.split(",").map((word) => parseChoice(word.trim(), "--shell", SHELLS));
  const [first = "bash"] = shells;
  if (shells.length === 1) return Array.from({ length: total }, () => first);
  if (shells.length === total) return shells;
  throw new ReuploadError("bad-option", `--shell: ${shells.length} shells for ${total} machines`, {
    advice: "Give one shell for all machines, or one for each.",
  });
}
