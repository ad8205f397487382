import type { CommandTree, OptionNode, Values } from "../command-tree.ts";
import { shortHelp } from "./short-help.ts";

/** For Windows PowerShell 5.1 and PowerShell 7. Where it says nothing, PowerShell completes files. */
export function powershellCompletion({ commands }: CommandTree): string {
  const tables = commands.map(
    ({ name, options, args }) => `    ${quote(name)} = @{
        arguments = ${wordList(args[0]?.values ?? { kind: "any" })}
        options = [ordered]@{
${options.map(optionLine).join("\n")}
        }
    }`,
  );
  return `# Completions of reupload for PowerShell: reupload completion powershell | Out-String | Invoke-Expression
$reuploadSummaries = [ordered]@{
${commands.map(({ name, summary }) => `    ${quote(name)} = ${quote(summary)}`).join("\n")}
}
$reuploadCommands = @{
${tables.join("\n")}
}
Register-ArgumentCompleter -Native -CommandName reupload -ScriptBlock {
    param($word, $line, $cursor)
    $typed = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.ToString() })
    $show = { param($text, $help) [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $(if ($help) { $help } else { $text })) }
    $command = $typed | Select-Object -Skip 1 | Where-Object { $_ -notlike '-*' } | Select-Object -First 1
    if (-not $command) {
        $reuploadSummaries.GetEnumerator() | Where-Object { $_.Key -like "$word*" } | ForEach-Object { & $show $_.Key $_.Value }
        return
    }
    $known = $reuploadCommands[$command]
    if (-not $known) { return }
    $option = $known.options[$typed[-1]]
    if ($option -and $option.values) {
        $option.values | Where-Object { $_ -like "$word*" } | ForEach-Object { & $show $_ }
    } elseif ($option -and $option.below) {
        $at = [array]::IndexOf($typed, $option.below)
        $total = 0
        $offered = @('auto')
        if ($at -ge 0 -and [int]::TryParse($typed[$at + 1], [ref]$total) -and $total -gt 0 -and $total -lt 1000) {
            $offered += 0..($total - 1)
        }
        $offered | Where-Object { "$_" -like "$word*" } | ForEach-Object { & $show "$_" }
    } elseif ($word -like '-*') {
        $known.options.GetEnumerator() | Where-Object { $_.Key -like "$word*" } | ForEach-Object { & $show $_.Key $_.Value.help }
    } elseif ($known.arguments) {
        $known.arguments | Where-Object { $_ -like "$word*" } | ForEach-Object { & $show $_ }
    }
}
`;
}

function optionLine({ long, values, help }: OptionNode): string {
  const below = values.kind === "below" ? `; below = ${quote(values.option)}` : "";
  return `            ${quote(long)} = @{ values = ${wordList(values)}${below}; help = ${quote(shortHelp(help))} }`;
}

function wordList(values: Values): string {
  return values.kind === "words" ? `@(${values.words.map(quote).join(", ")})` : "$null";
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
