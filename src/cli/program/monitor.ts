import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload monitor` with its options and help to the program. */
export function addMonitor({ program, io, setExitCode }: CommandLine): void {
  program
    .command("monitor")
    .summary("watch one or several machines' states, added up")
    .description(
      "Shows how far one or several states are, what is left, how fast it goes and who works on it, until all of them are done. It only reads: q or Ctrl+C leaves, and the runs go on. Without a terminal it prints a block of text each time. The exit code is that of `status`.",
    )
    .option("--state-db <file>", "state of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--refresh <seconds>", "how often it is shown anew, 1 to 3600", "10")
    .option(
      "--once",
      "print it once, as text; beside a running process after 2 s, so that its speed is known",
    )
    .option("--output <format>", "text or json: one object each time", "text")
    .option("--no-color", "no colours (also: NO_COLOR)")
    .addHelpText(
      "after",
      `
Examples:
  reupload monitor --state-db machine1_state.db --state-db machine2_state.db
  reupload monitor --refresh 60 --output json >> progress.ndjson
  reupload monitor --once
${exitCodesHelp()}`,
    )
    .action(
      async (options: {
        stateDb?: string[];
        refresh: string;
        once?: true;
        output: string;
        color: boolean;
      }) => {
        const { monitor } = await import("../monitor.ts");
        setExitCode(await monitor(options, io));
      },
    );
}
