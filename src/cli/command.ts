/** The process: parses the command line, calls the command, sets the exit code. */
import { type Command, CommanderError } from "commander";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { setStartFlags } from "../job/start-flags.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { processIo } from "./process-io.ts";
import { makeProgram } from "./program.ts";
import { endLingering } from "./stop-signals.ts";
import { versionLine } from "./version.ts";

/** Runs the process's command line to its end and sets its exit code; what goes wrong is told, not thrown. */
export async function runCommandLine(): Promise<void> {
  setStartFlags();
  const io = processIo();
  const args = process.argv.slice(2);
  let exitCode: ExitCode = EXIT.done;
  const setExitCode = (code: ExitCode): void => void (exitCode = code);
  const program = makeProgram(versionLine(), io, setExitCode, args[0]);
  try {
    // What commander would write is told as an error of ours, in the format that was asked for.
    for (const command of [program, ...program.commands]) command.configureOutput({ writeErr: () => {} });
    if (args.length === 0) {
      io.stdout.write(program.helpInformation());
      exitCode = EXIT.usage;
    } else {
      await program.parseAsync(args, { from: "user" });
    }
  } catch (thrown) {
    exitCode = await tell(thrown, { args, io, program });
  }
  // Set, not exited: what is still in a pipe must get out.
  process.exitCode = exitCode;
  endLingering(exitCode, io);
  process.once("beforeExit", () => tellLostOutput(io));
}

function tellLostOutput(io: Io): void {
  const lost = io.stdoutError();
  if (lost === undefined) return;
  printLine(io.stderr, `error: Cannot write the output: ${lost.message}`);
  printLine(io.stderr, "Write it to another place. If there is a state, it is saved.");
  process.exitCode = EXIT.unavailable;
}

interface Called {
  readonly args: readonly string[];
  readonly io: Io;
  readonly program: Command;
}

async function tell(thrown: unknown, { args, io, program }: Called): Promise<ExitCode> {
  // Help and version are told by throwing, too.
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done;
  const { toReuploadError } = await import("../core/to-error.ts");
  const { errorMessage, toJsonLine } = await import("../report/report.ts");
  const { toText } = await import("../terminal/message-text.ts");
  const error =
    thrown instanceof CommanderError ? usageError(thrown, args, program) : toReuploadError(thrown);
  const verbose = args.includes("--verbose") || args.includes("-v");
  const message = errorMessage(error, verbose);
  if (wantsJson(args)) io.stdout.write(`${toJsonLine(message, io.surroundings.wall())}\n`);
  else io.stderr.write(`${toText(message).join("\n")}\n`);
  return error.exitCode;
}

/** Whether the last `--output` asks for JSON, as the command line's parser reads it. */
function wantsJson(args: readonly string[]): boolean {
  const formats = args.flatMap((arg, place) =>
    arg === "--output" ? [args[place + 1]] : arg.startsWith("--output=") ? [arg.slice(9)] : [],
  );
  return formats.at(-1) === "json";
}

/** Commander's `error: unknown option '--cvs'\n(Did you mean --csv?)` as our two lines. */
function usageError(error: CommanderError, args: readonly string[], program: Command): ReuploadError {
  const [first = "", ...rest] = withoutValue(error.message.replace(/^error: /, "")).split("\n");
  const command = args.find((arg) => !arg.startsWith("-"));
  const known = program.commands.map((one) => one.name()).find((name) => name === command);
  const help = `See \`reupload ${known === undefined ? "" : `${known} `}--help\`.`;
  const suggestion = rest.join(" ").replace(/^\((.*)\)$/, "$1");
  return new ReuploadError("usage", first, { advice: suggestion === "" ? help : `${suggestion} ${help}` });
}

/** Of what is not known its name alone: the value behind `=`, or behind a short flag, may be a key. */
function withoutValue(message: string): string {
  return message.replace(
    /^(unknown (?:option|command) ')(--[^=]*|-[^-]|[^-][^=]*)([^]*?)('(?:\n\(Did you mean [^\n]*)?)$/,
    (_, before: string, name: string, value: string, after: string) =>
      `${before}${name}${value === "" ? "" : "..."}${after}`,
  );
}
