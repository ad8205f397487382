/** The scripts that complete the command line in a shell, written from the command line as data. */
import type { CommandTree } from "../command-tree.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { powershellCompletion } from "./powershell.ts";
import { zshCompletion } from "./zsh.ts";

const WRITERS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** A shell that can be completed in. */
export type CompletionShell = keyof typeof WRITERS;

export const SHELLS = Object.keys(WRITERS) as readonly CompletionShell[];

/** The script for this shell. It completes commands, options and values by itself, without starting the program. */
export function completionScript(shell: CompletionShell, tree: CommandTree): string {
  return WRITERS[shell](tree);
}
