import { UPLOAD_HELP, UPLOAD_OPTION_NAMES } from "../../config/upload-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload upload` with its options and help to the program. */
export function addUpload({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("upload")
    .summary("copy local files to the target and announce them; resumable")
    .description(
      "Copies local files to the target container as the files of one work item, and announces each on the queue. Names, conditions and summary are those of a run, without a CSV. If it was stopped, the same command continues.",
    )
    .argument("<path...>", "files, folders (with everything below them), or patterns such as 'out/*.json'")
    .requiredOption("--work-item-name <name>", "name of the work item; blob names begin with it")
    .option("--job-id <id>", "job id of the work item (default: upload)")
    .option("--work-item-id <id>", "id of the work item (default: its name)");
  addRunOptions(command, UPLOAD_OPTION_NAMES, UPLOAD_HELP);
  command
    .addHelpText(
      "after",
      `
The name of a blob contains the base name of its file; with --on-collision path or {fileName}, the path as given.

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
