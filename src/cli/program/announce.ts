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
  "maxDuration",
  "coordinationContainer",
  "coordination",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

/** Adds `reupload announce` with its options and help to the program. */
export function addAnnounce({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("announce")
    .summary("announce files that a run copied but did not announce (run --no-queue)")
    .description(
      "Announces every file that a run completed without an announcement, because of --no-queue or --announce-existing never. It needs only the state. You can stop or kill it at any time; the same command then continues, and at most the announcements in flight are sent twice. It does not announce files that the run has not completed: finish them with run --resume first. A run that was started with --no-queue still announces nothing when it is resumed; run announce again after it.",
    )
    .option(
      "--all",
      "announce files again that were announced before (consumers recognise a blob by its name)",
    );
  for (const name of OPTIONS) command.addOption(runOption(name));
  command
    .addHelpText(
      "after",
      `
The account, the container, the blob names and the number of slots come from the state of the run.

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
