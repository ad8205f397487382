/** `reupload plan CSV N`: the commands of each machine, ready to paste. */
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { distribute } from "../job/distribution.ts";
import { uncountedText } from "../terminal/distribution-text.ts";
import { quantity } from "../terminal/format.ts";
import { SCHEMA_VERSION } from "../report/report.ts";
import { type MachinePlan, machinePlanText, planMachine, type PlanOptions } from "../terminal/plan-text.ts";
import { printable } from "../terminal/printable.ts";
import { printableJson } from "../core/unprintable.ts";
import type { Shell } from "../terminal/shell.ts";
import { type Io, printLine, writeLines } from "../terminal/io.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { endAtSignal } from "./stop-signals.ts";
import { packageVersion } from "./version.ts";

/** What `--resume` prints. */
const RESUME_STEPS: readonly string[] = [
  "sign-in",
  "resume",
] satisfies MachinePlan["steps"][number]["name"][];

export interface PlanArguments {
  readonly csv: string;
  readonly n: string | undefined;
  readonly options: Readonly<Record<string, string | true | undefined>>;
}

/** @throws ReuploadError */
export async function plan(given: PlanArguments, io: Io): Promise<ExitCode> {
  const { csv, options } = given;
  const total = countMachines(given);
  const shells = parseShells(optionText(options["shell"]) ?? "bash", total);
  const isJson = parseOutput(optionText(options["output"])) === "json";
  const planOptions: PlanOptions = {
    csv,
    files: optionText(options["files"]),
    target: optionText(options["target"]),
    workitemWorkers: parseWorkers(options["workitemWorkers"], "--workitem-workers"),
    fileWorkers: parseWorkers(options["fileWorkers"], "--file-workers"),
    version: packageVersion(),
  };
  const dispose = endAtSignal(io, "nothing is planned");
  const distribution = await distribute({ csv, total }, io).finally(dispose);
  const isWanted = (step: string) => options["resume"] !== true || RESUME_STEPS.includes(step);
  const machines = distribution.partitions.map(({ partition, count }) => {
    const machine = planMachine(partition, total, shells[partition] ?? "bash", planOptions);
    return { ...machine, steps: machine.steps.filter(({ name }) => isWanted(name)), workItems: count };
  });
  if (isJson) {
    // Not redacted: a command must stay the command.
    await writeLines(io, [printableJson(JSON.stringify({ schemaVersion: SCHEMA_VERSION, machines }))]);
  } else {
    const lines = machines.flatMap((machine) =>
      machinePlanText(machine, total, quantity(machine.workItems, "work item")),
    );
    // What `quote` could not write otherwise for its shell (cmd) cannot be pasted, but must not reach the terminal.
    await writeLines(io, lines.map(printable));
  }
  for (const line of uncountedText(distribution)) printLine(io.stderr, line);
  return distribution.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

function countMachines({ n, options }: PlanArguments): number {
  const flag = optionText(options["machines"]);
  if (n !== undefined && flag !== undefined && n !== flag) {
    throw new ReuploadError(
      "bad-option",
      `The number of machines is given twice: ${n} and --machines ${flag}.`,
      { advice: "Omit one of them." },
    );
  }
  const text = n ?? flag;
  if (text === undefined) {
    throw new ReuploadError("usage", "The number of machines is not given.", {
      advice: "Give it after the CSV: reupload plan failed_workitems.csv 2",
    });
  }
  return parseWholeNumber(text, "number of machines", 1, 1000);
}

const SHELLS: readonly Shell[] = ["bash", "powershell", "cmd"];

/** One shell for all machines, or one for each. */
function parseShells(text: string, total: number): Shell[] {
  const shells = text.split(",").map((word) => {
    const shell = SHELLS.find((known) => known === word.trim());
    if (shell !== undefined) return shell;
    throw new ReuploadError("bad-option", `--shell: expected ${SHELLS.join(", ")}, got "${word}"`);
  });
  const [first = "bash"] = shells;
  if (shells.length === 1) return Array.from({ length: total }, () => first);
  if (shells.length === total) return shells;
  throw new ReuploadError("bad-option", `--shell: ${shells.length} shells for ${total} machines`, {
    advice: "Give one shell for all machines, or one for each.",
  });
}

function parseWorkers(value: string | true | undefined, flag: string): string | undefined {
  const text = optionText(value);
  return text === undefined ? undefined : String(parseWholeNumber(text, flag, 1, 1000));
}

function optionText(value: string | true | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
