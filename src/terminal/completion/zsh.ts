import type { ArgumentNode, CommandNode, CommandTree, OptionNode, Values } from "../command-tree.ts";
import { shortHelp } from "./short-help.ts";

/** For zsh's own completion system. */
export function zshCompletion({ commands }: CommandTree): string {
  return `#compdef reupload
# Completions of reupload for zsh: source <(reupload completion zsh), or as _reupload in a folder of $fpath
_reupload_below() {
  local -i at=\${words[(I)$1]}
  local total=\${words[at + 1]}
  (( at > 0 )) || total=\${\${words[(r)$1=*]}#*=}
  compadd -- auto
  [[ $total == <1-999> ]] && compadd -- {0..$(( total - 1 ))}
}

_reupload() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)--version[show the version]' '1:command:->command' '*::argument:->rest'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quote(`${name}:${summary}`)}`).join("\n")}
      )
      _describe command commands
      ;;
    rest)
      case $words[1] in
${commands.map(commandCase).join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _reupload ]]; then _reupload "$@"; else compdef _reupload reupload; fi
`;
}

function commandCase({ name, args, options }: CommandNode): string {
  const specs = [...options.flatMap(optionSpecs), "(- *)--help[show help]", ...args.map(argumentSpec)];
  return `        ${name}) _arguments ${specs.map((spec) => `\\\n          ${quote(spec)}`).join(" ")} ;;`;
}

/** An option may stand again: some are repeatable, and of others the last one holds. */
function optionSpecs({ short, long, value, values, help }: OptionNode): string[] {
  const text = `[${escape(shortHelp(help))}]`;
  if (value === undefined)
    return [short, long].filter((flag) => flag !== undefined).map((flag) => `*${flag}${text}`);
  const isOptional = value.startsWith("[");
  const message = escape(value.replace(/[<>[\]]/g, ""));
  return [
    `*${long}=${isOptional ? "-" : ""}${text}${isOptional ? "::" : ":"}${message}:${actionFor(values)}`,
  ];
}

function argumentSpec({ name, values }: ArgumentNode, place: number): string {
  const position = name.includes("...") ? "*" : String(place + 1);
  return `${position}:${name.replace(/[<>[\].]/g, "")}:${actionFor(values)}`;
}

function actionFor(values: Values): string {
  if (values.kind === "words") return `(${values.words.join(" ")})`;
  if (values.kind === "file") return "_files";
  if (values.kind === "state") return '_files -g "*.db"';
  if (values.kind === "folder") return "_files -/";
  return values.kind === "below" ? `{_reupload_below ${values.option}}` : " ";
}

function escape(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
