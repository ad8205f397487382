/** `reupload plan CSV N`: the commands of each machine, ready to paste. */
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type Distribution, distributionOf } from "../input/distribution.ts";
import { quantity } from "../terminal/format.ts";
import { SCHEMA_VERSION } from "../report/messages.ts";
import { type MachinePlan, machinePlanText, planMachine, type PlanOptions } from "../terminal/plan-text.ts";
import { printable, printableJson } from "../terminal/printable.ts";
import type { Shell } from "../terminal/shell.ts";
import { type Io, writeLines } from "./io.ts";
import { outputOf, wholeNumberOf } from "./options.ts";
import { inputSource, tellRejected } from "./partitions.ts";
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
  const total = machinesOf(given);
  const shells = shellsOf(textOf(options["shell"]) ?? "bash", total);
  const isJson = outputOf(textOf(options["output"])) === "json";
  const planOptions: PlanOptions = {
    csv,
    files: textOf(options["files"]),
    target: textOf(options["target"]),
    workitemWorkers: workersOf(options["workitemWorkers"], "--workitem-workers"),
    fileWorkers: workersOf(options["fileWorkers"], "--file-workers"),
    version: packageVersion(),
  };
  const distribution = await distributed(csv, total, io);
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
  tellRejected(distribution, io);
  return distribution.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

async function distributed(csv: string, total: number, io: Io): Promise<Distribution> {
  const dispose = endAtSignal(io.stderr, "nothing is planned");
  try {
    return await distributionOf(inputSource(csv, io), total, { signal: new AbortController().signal });
  } finally {
    dispose();
  }
}

function machinesOf({ n, options }: PlanArguments): number {
  const flag = textOf(options["machines"]);
  if (n !== undefined && flag !== undefined && n !== flag) {
    throw new ReuploadError(
      "bad-option",
      `The number of machines is given twice: ${n} and --machines ${flag}.`,
      { advice: "Leave one of them out." },
    );
  }
  const text = n ?? flag;
  if (text === undefined) {
    throw new ReuploadError("usage", "The number of machines is not given.", {
      advice: "Give it after the CSV: reupload plan failed_workitems.csv 2",
    });
  }
  return wholeNumberOf(text, "number of machines", 1, 1000);
}

const SHELLS: readonly Shell[] = ["bash", "powershell", "cmd"];

/** One shell for all machines, or one for each. */
function shellsOf(text: string, total: number): Shell[] {
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

function workersOf(value: string | true | undefined, flag: string): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : String(wholeNumberOf(text, flag, 1, 1000));
}

function textOf(value: string | true | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
