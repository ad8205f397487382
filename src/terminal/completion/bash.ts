import type { CommandTree, CommandNode, Values } from "../command-tree.ts";

/** For bash 3.2 (macOS) and newer; needs no other package. */
export function bashCompletion({ commands }: CommandTree): string {
  return `# Completions of reupload for bash: source <(reupload completion bash)
_reupload_words() {
  local IFS=$'\\n'
  COMPREPLY=($(IFS=' '; compgen -W "$1" -- "$word"))
}

# Files of this pattern and folders; without a pattern all files.
_reupload_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  if [[ $1 == "" ]]; then COMPREPLY=($(compgen -f -- "$word"))
  else COMPREPLY=($(compgen -f -X "!$1" -- "$word") $(compgen -d -- "$word")); fi
}

_reupload_folders() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -d -- "$word"))
}

# auto, and the numbers below the value of this option.
_reupload_below() {
  local i numbers="" total=0
  for ((i = 1; i < \${#COMP_WORDS[@]}; i++)); do
    [[ \${COMP_WORDS[i]} == "$1" ]] && total=\${COMP_WORDS[i + 1]}
    [[ $total == "=" ]] && total=\${COMP_WORDS[i + 2]}
  done
  [[ $total =~ ^[0-9]{1,3}$ ]] || total=0
  for ((i = 0; i < total; i++)); do numbers+="$i "; done
  _reupload_words "auto $numbers"
}

_reupload() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command="" i
  COMPREPLY=()
  # bash parts --option=value at the sign.
  if [[ $word == "=" ]]; then word=""
  elif [[ $before == "=" ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then command=\${COMP_WORDS[i]}; break; fi
  done
  case "$command $before" in
${valueCases(commands)}
  esac
  case "$command" in
    "") _reupload_words "${[...commands.map(({ name }) => name), "--help", "--version"].join(" ")}" ;;
${commands.map(commandCase).join("\n")}
  esac
}
complete -F _reupload reupload
`;
}

/** The values of options: those with the same ones stand together. */
function valueCases(commands: readonly CommandNode[]): string {
  const places = new Map<string, string[]>();
  for (const { name, options } of commands) {
    for (const { long, value, values } of options) {
      if (value === undefined) continue;
      const call = callFor(values);
      places.set(call, [...(places.get(call) ?? []), `"${name} ${long}"`]);
    }
  }
  return [...places].map(([call, all]) => `    ${all.join("|")}) ${call}; return ;;`).join("\n");
}

function commandCase({ name, args, options }: CommandNode): string {
  const flags = [...options.map(({ long }) => long), "--help"].join(" ");
  const values = args[0]?.values ?? { kind: "any" };
  return `    ${name}) if [[ $word == -* ]]; then _reupload_words "${flags}"; else ${callFor(values)}; fi ;;`;
}

function callFor(values: Values): string {
  if (values.kind === "words") return `_reupload_words "${values.words.join(" ")}"`;
  if (values.kind === "file") return '_reupload_files ""';
  if (values.kind === "state") return "_reupload_files '*.db'";
  if (values.kind === "folder") return "_reupload_folders";
  return values.kind === "below" ? `_reupload_below ${values.option}` : ":";
}
