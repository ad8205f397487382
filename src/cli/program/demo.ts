import { type CommandLine, exitCodesHelp } from "./command-line.ts";

/** Adds `reupload demo` with its options and help to the program. */
export function addDemo({ program, io, setExitCode }: CommandLine): void {
  program
    .command("demo")
    .summary("try it: a realistic run on the storage emulator")
    .description("Creates 200 work items with about 5,000 files in the storage emulator and re-uploads them.")
    .option("--keep", "keep the emulator and the data, so that you can try resume and partitions yourself")
    .option("--kusto", "find the work items and look up their files in a stand-in for Azure Data Explorer")
    .option(
      "--machines <n>",
      "run it on so many machines (processes) with --partition auto; one is killed, and one joins",
    )
    .option("--add-missing", "add the missing blob to the source of a kept demo, so that resume can finish")
    .option("--stop", "stop the emulator of a kept demo")
    .option("--dir <folder>", "folder for the CSV, the listing and the state (default: demo-data)")
    .addHelpText("after", exitCodesHelp())
    .action(async (options: DemoFlags) => {
      const { demo } = await import("../demo.ts");
      const { keep = false, addMissing = false, stop = false, kusto = false, dir, machines } = options;
      setExitCode(await demo({ keep, addMissing, stop, kusto, dir, machines }, io));
    });
}

interface DemoFlags {
  readonly keep?: true;
  readonly addMissing?: true;
  readonly stop?: true;
  readonly kusto?: true;
  readonly dir?: string;
  readonly machines?: string;
}
