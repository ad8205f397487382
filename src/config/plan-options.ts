/** The options of `run` that `plan` takes: its commands repeat them on every machine. */
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "./run-options.ts";

/** Options of `run` that are one machine's or one start's, and those of what a command prints. */
const NOT_PLANNED: ReadonlySet<RunOptionName> = new Set([
  "csv",
  "partition",
  "totalPartitions",
  "stateDb",
  "takeOver",
  "separateRun",
  "emulator",
  ...RUN_OPTION_NAMES.filter((name) => RUN_OPTIONS[name].onResume === "start" && name !== "grace"),
]);

/** The options of `run` that the commands of a plan repeat. */
export const PLANNED_OPTIONS = RUN_OPTION_NAMES.filter((name) => !NOT_PLANNED.has(name));
