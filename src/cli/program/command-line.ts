import type { Command } from "commander";
import { EXIT_MEANINGS, type ExitCode } from "../../core/exit-codes.ts";
import type { Io } from "../../terminal/io.ts";

/** What a command is declared on, and what its action has at hand. */
export interface CommandLine {
  readonly program: Command;
  readonly io: Io;
  /** Told by the command that ran. */
  readonly setExitCode: (code: ExitCode) => void;
}

/** For an option that may stand several times. */
export function repeated(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** For the end of a command's help. */
export function exitCodesHelp(): string {
  const lines = EXIT_MEANINGS.map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}
