import { basename } from "node:path";
import { commandLine, type Shell } from "./shell.ts";

/** What each machine's commands are made from. */
export interface PlanOptions {
  readonly csv: string;
  readonly files: string | undefined;
  readonly target: string | undefined;
  readonly workitemWorkers: string | undefined;
  readonly fileWorkers: string | undefined;
  readonly version: string;
}

export interface MachinePlan {
  /** From 1. */
  readonly machine: number;
  readonly partition: number;
  readonly shell: Shell;
  readonly stateDb: string;
  readonly steps: readonly { readonly name: StepName; readonly say: string; readonly command: string }[];
}

type StepName = "get" | "copy" | "sign-in" | "coordination" | "run" | "resume" | "monitor";

/** What stands for the listing and the target when the operator has not named them. */
const LISTING = "listing.csv";
const TARGET = "https://ACCOUNT.blob.core.windows.net";

/** The commands of one machine, quoted for its shell. */
export function planMachine(
  partition: number,
  totalPartitions: number,
  shell: Shell,
  options: PlanOptions,
): MachinePlan {
  const machine = partition + 1;
  const stateDb = `machine${machine}_state.db`;
  const line = (...words: string[]) => commandLine(words, shell);
  return {
    machine,
    partition,
    shell,
    stateDb,
    steps: [
      {
        name: "get",
        say: "Get the tool (it needs Node.js 24 or newer; `npm pack` makes the package)",
        command: line("npm", "install", "--global", `./reupload-${options.version}.tgz`),
      },
      {
        name: "copy",
        say: "Copy the CSV and the listing; every machine needs the same files",
        command: copyCommand(shell, [options.csv, options.files ?? LISTING]),
      },
      { name: "sign-in", say: "Sign in", command: line("az", "login") },
      // Once is enough.
      ...(partition === 0 && totalPartitions > 1 ? [coordinationStep(options, shell)] : []),
      {
        name: "run",
        say: "Run",
        command: line(...runWords(partition, totalPartitions, stateDb, options)),
      },
      {
        name: "resume",
        say: "Resume after a stop, or to retry failed files",
        command: line("reupload", "run", "--resume", "--state-db", stateDb),
      },
      monitorStep(totalPartitions, stateDb, options, shell),
    ],
  };
}

/** The machines of a run know of each other by this container; `run` refuses to start without it. */
function coordinationStep({ target = TARGET }: PlanOptions, shell: Shell): MachinePlan["steps"][number] {
  const account = URL.canParse(target) ? (new URL(target).hostname.split(".")[0] ?? "ACCOUNT") : "ACCOUNT";
  // A URL's host is in lower case.
  const name = target === TARGET ? "ACCOUNT" : account;
  const words = ["az", "storage", "container", "create", "--auth-mode", "login", "--account-name", name];
  return {
    name: "coordination",
    say: "Create the container by which the machines know of each other (once, if it is not there)",
    command: commandLine([...words, "--name", "reupload-coordination"], shell),
  };
}

/** The whole run where its target is known to the plan; this machine's state otherwise, or when it is the only one. */
function monitorStep(
  totalPartitions: number,
  stateDb: string,
  { csv, target }: PlanOptions,
  shell: Shell,
): MachinePlan["steps"][number] {
  const isWhole = totalPartitions > 1 && target !== undefined;
  const what = isWhole ? ["--target", target, "--csv", basename(csv)] : ["--state-db", stateDb];
  return {
    name: "monitor",
    say: isWhole
      ? "Watch the whole run, all machines, from another terminal or any other machine"
      : "Watch it from another terminal",
    command: commandLine(["reupload", "monitor", ...what], shell),
  };
}

/** The machine's commands with a comment line before each, in its shell's form. */
export function machinePlanText(plan: MachinePlan, totalPartitions: number, workItems: string): string[] {
  const comment = plan.shell === "cmd" ? "rem" : "#";
  return [
    `${comment} Machine ${plan.machine} of ${totalPartitions} (${plan.shell}): partition ${plan.partition}, ${workItems}`,
    ...plan.steps.flatMap(({ say, command }) => [`${comment} ${say}`, command]),
    "",
  ];
}

function runWords(
  partition: number,
  totalPartitions: number,
  stateDb: string,
  { csv, files = LISTING, target = TARGET, workitemWorkers, fileWorkers }: PlanOptions,
): string[] {
  const given = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const words = ["reupload", "run", "--csv", basename(csv), "--files", basename(files)];
  words.push("--state-db", stateDb, "--partition", String(partition));
  words.push("--total-partitions", String(totalPartitions));
  words.push(...given("--workitem-workers", workitemWorkers), ...given("--file-workers", fileWorkers));
  words.push("--target", target);
  return words;
}

function copyCommand(shell: Shell, paths: readonly string[]): string {
  const from = paths.map((path) => `SOURCE-MACHINE:${path}`);
  return commandLine(["scp", ...from, "."], shell);
}
