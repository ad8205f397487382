/** A plan as commands that are pasted into each machine's shell. */
import type { PlanReport } from "../../report/report.ts";
import { commandLine, commandLines, type Shell } from "../shell.ts";

export interface MachineCommands {
  /** From 1. */
  readonly machine: number;
  /** undefined with `--partition auto`: every machine has the same commands. */
  readonly partition: number | undefined;
  readonly shell: Shell;
  readonly stateDb: string;
  /** The environment variable that the machine needs; undefined: none. */
  readonly variable: string | undefined;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly name: "get" | "copy" | "sign-in" | "coordination" | "run" | "resume" | "monitor";
  /** What the command does, in a few words. */
  readonly say: string;
  readonly words: readonly string[];
  /** On one line, quoted for the machine's shell. */
  readonly command: string;
}

/** The commands of one machine; with `--partition auto` those of every machine. @param index from 0 */
export function machineCommands(plan: PlanReport, index: number, shell: Shell): MachineCommands {
  const isAuto = plan.partitions === "auto";
  const stateDb = isAuto ? "reupload_state.db" : `machine${index + 1}_state.db`;
  const run = plan.run({ partition: String(index), stateDb });
  const step = (name: Step["name"], say: string, ...words: string[]): Step => {
    const called = shell === "cmd-file" && CMD_FILES.has(words[0] ?? "") ? ["call", ...words] : words;
    return { name, say, words: called, command: commandLine(called, shell) };
  };
  const { signIn, coordination, copied } = plan;
  return {
    machine: index + 1,
    partition: isAuto ? undefined : index,
    shell,
    stateDb,
    variable: plan.variable,
    steps: [
      step(
        "get",
        "Get the tool (it needs Node.js 24 or newer; `npm pack` makes the package)",
        ..."npm install --global".split(" "),
        `./reupload-${plan.version}.tgz`,
      ),
      ...copyCommands(shell, copied).map((words) =>
        step("copy", "Copy the input; all machines need the same", ...words),
      ),
      ...(signIn === undefined ? [] : [step("sign-in", "Sign in", ...signIn)]),
      // Once is enough.
      ...(coordination === undefined || index > 0
        ? []
        : [
            step(
              "coordination",
              "Create the container by which the machines know of each other (once, if it does not exist)",
              ...coordination,
            ),
          ]),
      step("run", "Run", ...run),
      step("resume", "Resume after a stop, or to retry failed files", ...run, "--resume"),
      step("monitor", "Watch it from another terminal", ...plan.monitor(stateDb)),
    ],
  };
}

/** Programs that are `.cmd` files themselves: another one that runs them without `call` ends there. */
const CMD_FILES: ReadonlySet<string> = new Set(["npm", "az"]);

/** From another machine, or from a share that every machine reaches. @returns the words of each command */
function copyCommands(shell: Shell, paths: readonly string[]): string[][] {
  if (shell === "bash") return [["scp", ...paths.map((path) => `SOURCE-MACHINE:${path}`), "."]];
  const names = paths.map((path) => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1));
  return names.map((name) => {
    const path = `\\\\SOURCE-MACHINE\\SHARE\\${name}`;
    return shell === "powershell"
      ? ["Copy-Item", "-LiteralPath", path, "-Destination", "."]
      : ["copy", path, "."];
  });
}

/** How each shell's comment begins. */
const COMMENT: Readonly<Record<Shell, string>> = {
  bash: "#",
  powershell: "#",
  cmd: "rem",
  "cmd-file": "rem",
};

/** How the commands are to be used, where the shell's name does not say it. */
const NOTES: Readonly<Record<Shell, readonly string[]>> = {
  bash: [],
  powershell: [],
  cmd: ["To be pasted at the prompt; --shell cmd-file prints them for a .cmd file"],
  "cmd-file": ["To be saved in a .cmd file; --shell cmd prints them for the prompt"],
};

/**
 * The machine's commands with a comment line before each, in its shell's form.
 *
 * @param who such as `Machine 1 of 2`
 * @param what such as `partition 0, 4 work items`
 */
export function machineText(
  { shell, variable, steps }: MachineCommands,
  who: string,
  what: string,
): string[] {
  const comment = COMMENT[shell];
  const lines = [
    `${comment} ${who} (${shell}): ${what}`,
    ...NOTES[shell].map((note) => `${comment} ${note}`),
    ...(variable === undefined
      ? []
      : [`${comment} Every machine needs ${variable} in its environment, as this one has it`]),
  ];
  let told = "";
  for (const { say, words } of steps) {
    if (say !== told) lines.push(`${comment} ${say}`);
    told = say;
    lines.push(...commandLines(words, shell));
  }
  return [...lines, ""];
}
