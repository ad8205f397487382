/**
 * The command line: which commands there are. What each takes is declared in `program/`; a command itself is loaded when
 * it is called.
 */
import { Command } from "commander";
import type { ExitCode } from "../core/exit-codes.ts";
import type { Io } from "../terminal/io.ts";
import { addAnnounce } from "./program/announce.ts";
import { addControl } from "./program/control.ts";
import type { CommandLine } from "./program/command-line.ts";
import { addCompletion } from "./program/completion.ts";
import { addDemo } from "./program/demo.ts";
import { addFiles } from "./program/files.ts";
import { addFind } from "./program/find.ts";
import { addImportState } from "./program/import-state.ts";
import { addLicenses } from "./program/licenses.ts";
import { addMonitor } from "./program/monitor.ts";
import { addPartitions } from "./program/partitions.ts";
import { addDoctor } from "./program/doctor.ts";
import { addInit } from "./program/init.ts";
import { addPlan } from "./program/plan.ts";
import { addRemaining } from "./program/remaining.ts";
import { addReport } from "./program/report.ts";
import { addRun } from "./program/run.ts";
import { addStates } from "./program/states.ts";
import { addStatus } from "./program/status.ts";
import { addUpload } from "./program/upload.ts";
import { addWhy } from "./program/why.ts";
import { addVerify } from "./program/verify.ts";

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, (line: CommandLine) => void>> = {
  run: addRun,
  find: addFind,
  upload: addUpload,
  monitor: addMonitor,
  status: addStatus,
  why: addWhy,
  control: addControl,
  verify: addVerify,
  report: addReport,
  files: addFiles,
  states: addStates,
  announce: addAnnounce,
  remaining: addRemaining,
  partitions: addPartitions,
  plan: addPlan,
  doctor: addDoctor,
  init: addInit,
  "import-state": addImportState,
  demo: addDemo,
  completion: addCompletion,
  licenses: addLicenses,
};

/** Looks at what all commands take. */
const OF_ALL = "completion";

/**
 * @param setExitCode told by the command that ran
 * @param asked the first word of the command line: when it is a command, no other is declared, which takes most of the time
 */
export function makeProgram(
  version: string,
  io: Io,
  setExitCode: (code: ExitCode) => void,
  asked?: string,
): Command {
  const program = new Command("reupload")
    .description(
      "Copies the files of failed work items to an Azure container and announces each file on a queue.",
    )
    .version(version)
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride();
  program.addHelpText(
    "after",
    `
Examples:
  reupload run --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload run --resume
  reupload doctor --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload find failed-since --param since=2026-07-01 --out failed_workitems.csv
  reupload plan failed_workitems.csv 2
  reupload monitor --csv failed_workitems.csv --target https://ACCOUNT.blob.core.windows.net
  reupload demo

More about a command: reupload run --help`,
  );
  const isAlone = asked !== undefined && asked !== OF_ALL && Object.hasOwn(COMMANDS, asked);
  const only = isAlone ? COMMANDS[asked] : undefined;
  for (const add of only === undefined ? Object.values(COMMANDS) : [only]) add({ program, io, setExitCode });
  for (const command of program.commands) {
    command.copyInheritedSettings(program);
    takeNoColor(command);
  }
  return program;
}

/** Every command takes `--no-color`, also one that prints none: a script may give it to all. */
function takeNoColor(command: Command): void {
  if (command.options.some(({ long }) => long === "--no-color")) return;
  command.option("--no-color", "print no colours (also: NO_COLOR)");
}
