/**
 * Every option of `reupload run`, once: its flag, its values, its default, its help. The command line, the
 * environment variables, the configuration file and the documentation's table all follow from this table.
 */
import { FILTER_OPTIONS } from "./filter-options.ts";
import { INPUT_OPTIONS } from "./input-options.ts";
import type { OptionSpec } from "./option-spec.ts";
import { SPEED_OPTIONS } from "./speed-options.ts";
import { TARGET_OPTIONS } from "./target-options.ts";
import type { Parser } from "./values.ts";

export type { OnResume, OptionSpec } from "./option-spec.ts";

/** By name; the order is that of the help. */
export const RUN_OPTIONS = {
  ...INPUT_OPTIONS,
  ...FILTER_OPTIONS,
  ...TARGET_OPTIONS,
  ...SPEED_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

export type RunOptionName = keyof typeof RUN_OPTIONS;
export const RUN_OPTION_NAMES = Object.keys(RUN_OPTIONS) as RunOptionName[];

/** Whether the state keeps it, so that a resume need not give it again. */
export function isKept(name: RunOptionName): boolean {
  return RUN_OPTIONS[name].onResume !== "start";
}

type ValueOf<Spec> = Spec extends { parse: Parser<infer Value>; default: infer Default }
  ? Default extends string
    ? Value
    : Value | undefined
  : never;

/** The validated options of one run. */
export type RunSettings = { readonly [Name in RunOptionName]: ValueOf<(typeof RUN_OPTIONS)[Name]> };

/** `stateDb` -> `state-db`: the flag without dashes, and the key in a configuration file. */
export function configKey(name: RunOptionName): string {
  return name === "announce" ? "announce" : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `stateDb` -> `REUPLOAD_STATE_DB` */
export function environmentName(name: RunOptionName): string {
  return `REUPLOAD_${configKey(name).toUpperCase().replaceAll("-", "_")}`;
}
