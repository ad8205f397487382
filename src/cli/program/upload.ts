import { UPLOAD_HELP, UPLOAD_OPTION_NAMES } from "../../config/upload-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload upload` with its options and help to the program. */
export function addUpload({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("upload")
    .summary("put local files into the target and announce them; resumable")
    .description(
      "Puts local files into the target container as one work item's, and announces each on the queue: same names, conditions and summary as a run, without a CSV. The same command again goes on where it was stopped.",
    )
    .argument("<path...>", "files, folders (with all that is below them), patterns such as 'out/*.json'")
    .requiredOption("--work-item-name <name>", "the work item's name, which blob names begin with")
    .option("--job-id <id>", "its job (default: upload)")
    .option("--work-item-id <id>", "its id (default: its name)");
  addRunOptions(command, UPLOAD_OPTION_NAMES, UPLOAD_HELP);
  command
    .addHelpText(
      "after",
      `
A blob's name is made from the file's base name; with --on-collision path or {fileName}, from its path as given.

Examples:
  reupload upload out/ --work-item-name nightly --target https://ACCOUNT.blob.core.windows.net
  reupload upload 'out/**/*.json' --work-item-name nightly --dry-run
${exitCodesHelp()}`,
    )
    .action(async (paths: string[], options: Record<string, unknown>) => {
      const { upload } = await import("../upload.ts");
      const text = (name: string) => {
        const value = options[name];
        return typeof value === "string" ? value : undefined;
      };
      const request = {
        paths,
        workItemName: text("workItemName") ?? "",
        jobId: text("jobId"),
        workItemId: text("workItemId"),
        flags: runFlags(options),
      };
      setExitCode(await upload(request, io));
    });
}
