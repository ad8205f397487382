import { LIMIT_NAMES } from "../../core/control-request.ts";
import type { RunFlags } from "../session.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";
import { runFlags, runOption } from "./run-options.ts";

const LIMIT_HELP = {
  concurrency: "number of file slots from now on, or auto",
  maxRequests: "storage requests from now on: 500/s, off, or a timetable",
  maxBandwidth: "bytes through the machine from now on: 10MB/s, off, or a timetable",
  maxFailures: "stop when more files fail in this start: 50 or 2%",
  workitemWorkers: "number of work items open at once from now on",
} as const;

const ACCOUNT_OPTIONS = ["targetContainer", "coordinationContainer", "auth", "tenant"] as const;

/** Those that find the run; the others are what is asked. */
function accountFlags(flags: RunFlags): RunFlags {
  const names = ["target", "csv", ...ACCOUNT_OPTIONS] as const;
  return Object.fromEntries(
    names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
}

/** Adds `reupload control` with its options and help to the program. */
export function addControl({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("control")
    .summary("pause, continue or drain a running process, or change its limits")
    .description(
      "Sends a request to the process that works on a state, and waits for its answer (within two seconds). New limits apply until the process ends. If no process works on the state, only bump, skip and reset are possible: they are stored in the state.",
    )
    .argument("[request]", "pause, continue, drain, bump ID, skip ID or reset ID")
    .argument(
      "[id...]",
      "work items to bump (next in the queue), skip (until reset) or reset (pending again)",
    )
    .option("--state-db <file>", "state file of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--job-id <id>", "job of the work items, when several jobs have the same id")
    .option("--output <format>", "text or json", "text");
  for (const name of LIMIT_NAMES) command.addOption(runOption(name, LIMIT_HELP[name]));
  command.addOption(runOption("target", "account of the run: asks all its machines (within 15 s)"));
  command.addOption(
    runOption("csv", "with --target: CSV of the run (default: the only run that is not done)"),
  );
  command.option("--run <id>", "with --target, in place of --csv: id of the run, or its beginning");
  for (const name of ACCOUNT_OPTIONS) command.addOption(runOption(name));
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload control pause --state-db machine1_state.db
  reupload control --max-requests 200/s --concurrency 16
  reupload control skip 1889211721 1913007684
  reupload control pause --target https://ACCOUNT.blob.core.windows.net --csv failed_workitems.csv
${exitCodesHelp()}`,
    )
    .action(async (verb: string | undefined, ids: string[], options: Record<string, unknown>) => {
      const { control } = await import("../control.ts");
      const { namesRun } = await import("../account-run.ts");
      const flags = runFlags(options);
      const limits = Object.fromEntries(
        LIMIT_NAMES.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
      );
      const { stateDb, jobId, output, run } = options as Partial<Record<string, string>> & {
        stateDb?: string[];
      };
      const account = namesRun({ flags, runId: run })
        ? { flags: accountFlags(flags), runId: run }
        : undefined;
      setExitCode(await control({ verb, ids, limits, stateDb, jobId, output, account }, io));
    });
}
