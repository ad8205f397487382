import { LIMIT_NAMES } from "../../core/control-request.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";
import { runFlags, runOption } from "./run-options.ts";

const LIMIT_HELP = {
  concurrency: "number of file slots from now on, or auto",
  maxRequests: "storage requests from now on: 500/s, off, or a timetable",
  maxBandwidth: "bytes through the machine from now on: 10MB/s, off, or a timetable",
  maxFailures: "stop when more files fail in this start: 50 or 2%",
  workitemWorkers: "number of work items open at once from now on",
} as const;

/** Adds `reupload control` with its options and help to the program. */
export function addControl({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("control")
    .summary("pause, continue or drain a running process, or change its limits")
    .description(
      "Asks the process that works on a state for something, and waits for its answer (within two seconds). Limits hold until the process ends. If no process works on the state, only bump, skip and reset are possible: they are kept in the state.",
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
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload control pause --state-db machine1_state.db
  reupload control --max-requests 200/s --concurrency 16
  reupload control skip 1889211721 1913007684
${exitCodesHelp()}`,
    )
    .action(async (verb: string | undefined, ids: string[], options: Record<string, unknown>) => {
      const { control } = await import("../control.ts");
      const flags = runFlags(options);
      const limits = Object.fromEntries(
        LIMIT_NAMES.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
      );
      const { stateDb, jobId, output } = options as { stateDb?: string[]; jobId?: string; output?: string };
      setExitCode(await control({ verb, ids, limits, stateDb, jobId, output }, io));
    });
}
