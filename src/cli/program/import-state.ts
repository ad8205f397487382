import { OUTPUT_OPTION_NAMES } from "../../config/output-options.ts";
import type { RunOptionName } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** What says which run the new state is of, and how its files are named and announced; the run may be given the rest. */
const OPTIONS = [
  "csv",
  "files",
  "catalog",
  "partition",
  "totalPartitions",
  "kustoCluster",
  "kustoDatabase",
  "kustoQuery",
  "fileSuffix",
  "kustoQueries",
  "sourceContainer",
  "sourceDir",
  "sourcePrefix",
  "stateDb",
  "target",
  "targetContainer",
  "queue",
  "announce",
  "auth",
  "tenant",
  "metadata",
  "tier",
  "tags",
  "cacheControl",
  "nameTemplate",
  "onConflict",
  "onCollision",
  "announceExisting",
  "requestTimeout",
  "maxWait",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

/** Adds `reupload import-state` with its options and help to the program. */
export function addImportState({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("import-state")
    .summary("take over states of the original Python tool, then resume")
    .description(
      "Creates a new state from states of the original tool. Files that the old states call completed count as copied to the target; everything else is pending. Continue with `reupload run --resume`. The old states are only read. End the original tool first.",
    )
    .argument("<old...>", "states of reupload_failed_workitems.py: all states of the batch");
  addRunOptions(command, OPTIONS);
  command
    .addHelpText(
      "after",
      `
With --announce-existing always (the default) the run announces every file that was taken over again, because the old
states do not say which files were announced. With never it announces none of them; "run --resume --announce-existing
never" can decide that later, too.

Examples:
  reupload import-state old1.db old2.db --csv failed_workitems.csv --files listing.csv \\
    --target https://ACCOUNT.blob.core.windows.net --state-db machine1_state.db --partition 0 --total-partitions 2
  reupload run --resume --state-db machine1_state.db
${exitCodesHelp()}`,
    )
    .action(async (old: string[], options: Record<string, unknown>) => {
      const { importState } = await import("../import-state.ts");
      setExitCode(await importState(old, runFlags(options), io));
    });
}
