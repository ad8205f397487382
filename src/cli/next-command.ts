/** Commands that an operator is told to give, quoted for the shell that this process runs in. */
import type { Io } from "../terminal/io.ts";
import { commandLine, guessShell } from "../terminal/shell.ts";

/** @param words the program's name first @returns one line, ready to paste */
export function wordCommand(
  words: readonly string[],
  { env }: Pick<Io, "env">,
  platform: NodeJS.Platform = process.platform,
): string {
  return commandLine(words, guessShell(env, platform));
}

/** Words the command that goes on with a state; its settings are kept there. */
export function wordResume(
  io: Pick<Io, "env">,
  platform: NodeJS.Platform = process.platform,
): (stateDb: string) => string {
  const words = ["reupload", "run", "--resume"];
  return (stateDb) =>
    wordCommand(stateDb === "reupload_state.db" ? words : [...words, "--state-db", stateDb], io, platform);
}
