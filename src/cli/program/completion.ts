import { type CommandLine, exitCodesHelp } from "./command-line.ts";

/** Adds `reupload completion` with its help to the program. */
export function addCompletion({ program, io, setExitCode }: CommandLine): void {
  program
    .command("completion")
    .summary("print the script that completes command lines in a shell")
    .description(
      "Prints a script for the shell. Once it is loaded, the shell completes commands, options and values such as sign-in methods and state files.",
    )
    .argument("<shell>", "bash, zsh, fish or powershell")
    .addHelpText(
      "after",
      `
Examples:
  source <(reupload completion bash)
  reupload completion zsh > "\${fpath[1]}/_reupload"
  reupload completion fish > ~/.config/fish/completions/reupload.fish
  reupload completion powershell | Out-String | Invoke-Expression
${exitCodesHelp()}`,
    )
    .action(async (shell: string) => {
      const { completion } = await import("../completion.ts");
      setExitCode(await completion(shell, program, io));
    });
}
