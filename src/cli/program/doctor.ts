import { RUN_OPTION_NAMES } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload doctor` with its options and help to the program. */
export function addDoctor({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("doctor")
    .summary("check everything that a run needs, and change nothing")
    .description(
      "Takes the options of run and checks what the run will need: Node.js, the CSV, the catalog, the state, the disk, the sign-in, the network, the target, the clock, each right, the coordination container and the first source files. Each check prints ok, problem or skipped; a problem comes with advice. doctor changes nothing.",
    );
  addRunOptions(command, RUN_OPTION_NAMES);
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload doctor --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload doctor --output json
The exit code is 0, or the code that run would end with.
${exitCodesHelp()}`,
    )
    .action(async (options: Record<string, unknown>) => {
      const { doctor } = await import("../doctor.ts");
      setExitCode(await doctor(runFlags(options), io));
    });
}
