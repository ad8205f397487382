import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload monitor` with its options and help to the program. */
export function addMonitor({ program, io, setExitCode }: CommandLine): void {
  program
    .command("monitor")
    .summary("watch the states of one or several machines together")
    .description(
      "Shows the progress, speed, time left and process of one or several states until all of them are done. It only reads: q or Ctrl+C closes the monitor, and the runs continue. Without a terminal it prints a block of text at each refresh. The exit code is that of `status`.",
    )
    .option("--state-db <file>", "state file of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--refresh <seconds>", "seconds between two refreshes, 1 to 3600", "10")
    .option("--once", "print the picture once as text (during a run after 2 s, to measure its speed)")
    .option("--output <format>", "text or json: one object at each refresh", "text")
    .option("--no-color", "print no colours (also: NO_COLOR)")
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
