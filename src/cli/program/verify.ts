import { VERIFY_HELP, VERIFY_OPTION_NAMES } from "../../config/verify-options.ts";
import type { VerifyFlags } from "../verify.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload verify` with its options and help to the program. */
export function addVerify({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("verify")
    .summary("prove that the target holds every file of the catalog; repair what is missing")
    .description(
      "Compares the catalog with the target: each file must be there, with its length, MD5 and content type, or with its bytes (--deep). It also lists blobs that have names of the run but belong to no row of the CSV. It needs no state. With the states of all machines, or with the records in the target account, it also proves that every row belongs to exactly one finished partition, and that every file was announced. If it was stopped, the same command continues.",
    )
    .option(
      "--state-db <file>",
      "state file of a machine (repeatable); it gives the settings for which you give no option",
      repeated,
    )
    .option("--deep", "read every blob and its source, and compare the bytes")
    .option("--sample <part>", "check a random part of all files: a number, or a share such as 1%")
    .option(
      "--export-missing <file>",
      "write a CSV for `run` of the work items with missing or different files",
    )
    .option(
      "--repair",
      "send exactly the missing files again and announce them (different ones with --on-conflict overwrite)",
    )
    .option("--restart", "do not continue a verification that was stopped");
  addRunOptions(command, VERIFY_OPTION_NAMES, VERIFY_HELP);
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload verify --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload verify --state-db machine1_state.db --state-db machine2_state.db
  reupload verify --state-db machine1_state.db --deep --sample 1000
  reupload verify --csv failed_workitems.csv --files listing.csv --export-missing missing.csv
${exitCodesHelp()}`,
    )
    .action(async (options: VerifyFlags & Record<string, unknown>) => {
      const { verify } = await import("../verify.ts");
      // Its own options have the names of others of `run`.
      const flags = runFlags({ ...options, stateDb: undefined, sample: undefined });
      setExitCode(await verify(flags, options, io, process.argv.slice(2)));
    });
}
