/** The manual page `reupload(1)`, in the language of man(7). */
import type { ArgumentNode, CommandNode, CommandTree, OptionNode } from "../../src/terminal/command-tree.ts";

/** What the page tells besides the command line. */
export interface PageFacts {
  readonly version: string;
  /** Of the version, `2026-07-01`. */
  readonly date: string;
  readonly exitCodes: readonly { readonly code: number; readonly meaning: string }[];
  /** Each with what it is for. */
  readonly environment: readonly (readonly [name: string, help: string])[];
  readonly files: readonly (readonly [name: string, help: string])[];
}

/** The source of the page. */
export function manPage({ description, commands }: CommandTree, facts: PageFacts): string {
  const lines = [
    `.TH REUPLOAD 1 "${facts.date}" "reupload ${facts.version}" "User Commands"`,
    ".SH NAME",
    "reupload \\- re-upload the files of failed work items to Azure Blob Storage",
    ".SH SYNOPSIS",
    ".B reupload",
    ".I command",
    "[\\fIoption\\fR ...]",
    ".br",
    ".B reupload",
    '.RB [ \\-\\-help " | " \\-\\-version ]',
    ".SH DESCRIPTION",
    escape(description),
    ".PP",
    "Every command has a help:",
    '.BR "reupload run \\-\\-help" .',
    ".SH COMMANDS",
    ...commands.flatMap(({ name, summary }) => [".TP", `.B ${escape(name)}`, escape(summary)]),
    ...commands.flatMap(commandSection),
    ".SH EXIT STATUS",
    ...facts.exitCodes.flatMap(({ code, meaning }) => [".TP", `.B ${code}`, escape(meaning)]),
    ".SH ENVIRONMENT",
    ...facts.environment.flatMap(namedHelp),
    ".SH FILES",
    ...facts.files.flatMap(namedHelp),
    ".SH SEE ALSO",
    ".BR az (1)",
  ];
  return `${lines.join("\n")}\n`;
}

function commandSection({ name, description, args, options }: CommandNode): string[] {
  const groups = new Map<string, OptionNode[]>();
  for (const one of options) {
    const group = one.group ?? "";
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [
    `.SH REUPLOAD ${escape(name.toUpperCase())}`,
    '.SY "reupload ' + escape(name) + '"',
    "[\\fIoption\\fR ...]",
    ...args.map(({ name: shown }) => variable(shown)),
    ".YS",
    escape(description),
    ...args.filter(({ help }) => help !== "").flatMap(argumentHelp),
    ...[...groups].flatMap(([group, all]) => [
      ...(group === "" ? [] : [`.SS ${escape(group.replace(/:$/, ""))}`]),
      ...all.flatMap(optionHelp),
    ]),
  ];
}

function argumentHelp({ name, help }: ArgumentNode): string[] {
  return [".TP", variable(name), escape(help)];
}

function optionHelp({ short, long, value, help }: OptionNode): string[] {
  const flags = [short, long].filter((flag) => flag !== undefined).map((flag) => `\\fB${escape(flag)}\\fR`);
  return [
    ".TP",
    [flags.join(", "), ...(value === undefined ? [] : [variable(value)])].join(" "),
    escape(help),
  ];
}

function namedHelp([name, help]: readonly [string, string]): string[] {
  return [".TP", `.B ${escape(name)}`, escape(help)];
}

/** `<file>` in italics, `[codes]` in brackets. */
function variable(text: string): string {
  const name = `\\fI${escape(text.replace(/[<>[\]]/g, ""))}\\fR`;
  return text.startsWith("[") ? `[${name}]` : name;
}

/** Text as text: nothing in it is a command of the language, and a hyphen is one that can be copied. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/gm, "\\&");
}
