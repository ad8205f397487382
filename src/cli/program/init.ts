import { FILE_OPTIONS } from "../../config/config-text.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload init` with its options and help to the program. */
export function addInit({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("init")
    .summary("write the configuration file of this folder")
    .description(
      "Writes reupload.config.yaml with the options that you give, and with every other option as a comment. In a terminal it asks for the options that every run needs. Then it checks the answers as doctor does. run, plan and the other commands read the file if it is in the working folder.",
    )
    .option("--out <file>", "file to write (default: reupload.config.yaml)");
  addRunOptions(command, FILE_OPTIONS);
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload init
  reupload init --target https://ACCOUNT.blob.core.windows.net --files listing.csv
${exitCodesHelp()}`,
    )
    .action(async (options: Record<string, unknown> & { readonly out?: string }) => {
      const { init } = await import("../init.ts");
      setExitCode(await init(runFlags(options), options.out, io));
    });
}
