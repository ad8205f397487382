import { OUTPUT_OPTION_NAMES } from "../../config/output-options.ts";
import type { RunOptionName } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { runFlags, runOption } from "./run-options.ts";

/** Those of `run` that this command takes, too. */
const OPTIONS = [
  "stateDb",
  "queue",
  "createMissing",
  "messageTtl",
  "auth",
  "tenant",
  "dryRun",
  "requestTimeout",
  "maxWait",
  "grace",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

/** Adds `reupload announce` with its options and help to the program. */
export function addAnnounce({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("announce")
    .summary("announce what is in the target and was not announced, as after run --no-queue")
    .description(
      "Announces every file that a run has completed without an announcement: it had --no-queue, or --announce-existing never left the file out. It needs the state alone. Stopped or killed at any time, the same command goes on; at most the announcements in flight are sent twice. Files that the run has not completed are left to run --resume, which still knows the queue that it was started with: after run --no-queue it goes on to announce nothing, and a further announce sends what it added.",
    )
    .option("--all", "those announced before, too: consumers know a blob by its name");
  for (const name of OPTIONS) command.addOption(runOption(name));
  command
    .addHelpText(
      "after",
      `
Account, container, names and number of slots are those of the run, from its state.

Examples:
  reupload announce --dry-run
  reupload announce --state-db machine1_state.db --queue resultsqueue
  reupload announce --all
${exitCodesHelp()}`,
    )
    .action(async ({ all, ...options }: Record<string, unknown>) => {
      const { announce } = await import("../announce.ts");
      setExitCode(await announce(runFlags(options), all === true, io));
    });
}
