import { type CommandLine, exitCodesHelp } from "./command-line.ts";

/** Adds `reupload demo` with its options and help to the program. */
export function addDemo({ program, io, setExitCode }: CommandLine): void {
  program
    .command("demo")
    .summary("try it: a realistic run on the storage emulator")
    .description("Makes 200 work items with about 5,000 files in the storage emulator and re-uploads them.")
    .option("--keep", "leave the emulator and the data in place, to try resume and partitions by hand")
    .option("--kusto", "find the work items and look the files up in a stand-in for Azure Data Explorer")
    .option("--add-missing", "put the missing blob into a kept demo's source, so that resume can finish")
    .option("--stop", "stop the emulator of a kept demo")
    .option("--dir <folder>", "where the CSV, the listing and the state go (default: demo-data)")
    .addHelpText("after", exitCodesHelp())
    .action(async (options: { keep?: true; addMissing?: true; stop?: true; kusto?: true; dir?: string }) => {
      const { demo } = await import("../demo.ts");
      const { keep = false, addMissing = false, stop = false, kusto = false, dir } = options;
      setExitCode(await demo({ keep, addMissing, stop, kusto, dir }, io));
    });
}
