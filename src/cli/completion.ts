import type { Command } from "commander";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { completionScript, SHELLS } from "../terminal/completion/completion.ts";
import { type Io, writeText } from "../terminal/io.ts";
import { commandTree } from "./command-tree.ts";

/** Prints the script for a shell. @throws ReuploadError `bad-option` for a shell that is not known */
export async function completion(name: string, program: Command, io: Io): Promise<ExitCode> {
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined) {
    throw new ReuploadError("bad-option", `completion: expected ${SHELLS.join(", ")}, got "${name}"`);
  }
  await writeText(io, completionScript(shell, commandTree(program)));
  return EXIT.done;
}
