import type { RunOptionName } from "./run-options.ts";

/** The options of what a command prints, and of its configuration file: every command that does work has them. */
export const OUTPUT_OPTION_NAMES = [
  "config",
  "output",
  "quiet",
  "verbose",
  "logFile",
  "color",
] as const satisfies readonly RunOptionName[];
