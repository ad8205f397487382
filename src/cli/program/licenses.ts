import { type CommandLine, exitCodesHelp } from "./command-line.ts";

/** Adds `reupload licenses` with its help to the program. */
export function addLicenses({ program, io, setExitCode }: CommandLine): void {
  program
    .command("licenses")
    .summary("print the licences of reupload and of what it contains")
    .description(
      "Prints the licence of reupload, those of the packages whose code it contains and, in the single executable, that of Node.js.",
    )
    .addHelpText("after", exitCodesHelp())
    .action(async () => {
      const { licenses } = await import("../licenses.ts");
      setExitCode(await licenses(io));
    });
}
