import type { Argument, Command, Option } from "commander";
import { RUN_OPTION_NAMES, RUN_OPTIONS } from "../config/run-options.ts";
import { FAILURE_CODES } from "../core/failure.ts";
import type { CommandTree, OptionNode, Values } from "../terminal/command-tree.ts";
import { SHELLS } from "../terminal/completion/completion.ts";

const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ...RUN_OPTION_NAMES.flatMap((name): [string, readonly string[]][] => {
    const { words } = RUN_OPTIONS[name].parse as { words?: readonly string[] };
    return words === undefined ? [] : [[longFlag(RUN_OPTIONS[name].flag), words]];
  }),
  // Options that a run does not have.
  ["--failed-only", ["all", ...FAILURE_CODES]],
  ["--shell", ["bash", "powershell", "cmd"]],
]);

/** Of arguments, by command and name. */
const ARGUMENTS: Readonly<Record<string, Values>> = {
  "partitions n": { kind: "any" },
  "plan n": { kind: "any" },
  "completion shell": { kind: "words", words: SHELLS },
};

/** The program's commands and options as data. */
export function commandTree(program: Command): CommandTree {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    description: command.description(),
    args: command.registeredArguments.map((argument) => ({
      name: argumentText(argument),
      help: argument.description,
      values: ARGUMENTS[`${command.name()} ${argument.name()}`] ?? ({ kind: "file" } as const),
    })),
    options: command.options.map(optionNode),
  }));
  return { description: program.description(), commands };
}

function optionNode({ short, long, flags, description, helpGroupHeading: group }: Option): OptionNode {
  const value = /[<[].*/.exec(flags)?.[0];
  const name = long ?? flags;
  return { short, long: name, value, values: valuesOf(name, value), help: description, group };
}

function valuesOf(long: string, value: string | undefined): Values {
  const words = WORDS.get(long);
  if (words !== undefined) return { kind: "words", words };
  if (long === "--state-db") return { kind: "state" };
  if (long === "--partition") return { kind: "below", option: "--total-partitions" };
  if (value === "<file>") return { kind: "file" };
  return { kind: value === "<folder>" ? "folder" : "any" };
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function longFlag(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}
