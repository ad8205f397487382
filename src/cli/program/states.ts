import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload states` with its options and help to the program. */
export function addStates({ program, io, setExitCode }: CommandLine): void {
  program
    .command("states")
    .summary("list the runs whose states are in a folder")
    .description(
      "Lists the states in a folder with their status, age and progress. With --remove it removes finished states, each by its name: a state with work items left, or with a process at work, is refused.",
    )
    .argument("[folder]", "folder with states", ".")
    .option("--remove <name>", "remove this state, if its run is finished (repeatable)", repeated)
    .option("--output <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  reupload states
  reupload states /data/runs --output json
  reupload states /data/runs --remove machine1_state.db --remove machine2_state.db
${exitCodesHelp()}`,
    )
    .action(async (folder: string, options: { remove?: string[]; output: string }) => {
      const { states } = await import("../states.ts");
      setExitCode(await states({ folder, ...options }, io));
    });
}
