import type { ArgumentNode, CommandNode, CommandTree, OptionNode, Values } from "../command-tree.ts";
import { shortHelp } from "./short-help.ts";

/** For fish 3 and newer. */
export function fishCompletion({ commands }: CommandTree): string {
  const lines = [
    "# Completions of reupload for fish: reupload completion fish | source",
    "function __reupload_below",
    "    set -l words (commandline -opc)",
    "    set -l total (string replace -fr -- \"^$argv[1]=\" '' $words)",
    "    set -l at (contains -i -- $argv[1] $words)",
    "    and set total $words[(math $at + 1)]",
    "    echo auto",
    "    string match -qr '^[1-9][0-9]{0,2}$' -- \"$total\"",
    "    and seq 0 (math $total - 1)",
    "end",
    "complete -c reupload -f",
    "complete -c reupload -s h -l help -d 'show help'",
    "complete -c reupload -n __fish_use_subcommand -l version -d 'show the version'",
    ...commands.map(
      ({ name, summary }) => `complete -c reupload -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines({ name, args, options }: CommandNode): string[] {
  const before = `complete -c reupload -n '__fish_seen_subcommand_from ${name}'`;
  return [
    ...options.map((option) => `${before} ${optionFlags(option)} -d ${quote(shortHelp(option.help))}`),
    ...args.slice(0, 1).flatMap((argument) => argumentLine(before, argument)),
  ];
}

function optionFlags({ short, long, value, values }: OptionNode): string {
  const flags = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  if (value !== undefined) flags.push(valueFlags(values, value.startsWith("[")));
  return flags.join(" ");
}

function argumentLine(before: string, { values }: ArgumentNode): string[] {
  if (values.kind === "words") return [`${before} -a ${quote(values.words.join(" "))}`];
  return values.kind === "file" ? [`${before} -F`] : [];
}

function valueFlags(values: Values, isOptional: boolean): string {
  const [exclusive, required] = isOptional ? ["-f", ""] : ["-x", "-r "];
  if (values.kind === "words") return `${exclusive} -a ${quote(values.words.join(" "))}`;
  if (values.kind === "file") return `${required}-F`;
  if (values.kind === "state") return `${exclusive} -a '(__fish_complete_suffix .db)'`;
  if (values.kind === "folder") return `${exclusive} -a '(__fish_complete_directories)'`;
  return values.kind === "below" ? `${exclusive} -a '(__reupload_below ${values.option})'` : exclusive;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
