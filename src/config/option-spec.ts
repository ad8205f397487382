import type { Parser } from "./values.ts";

/** What one option is. */
export interface OptionSpec<Value = unknown> {
  /** As commander takes it: `--state-db <file>`; without `<...>` it is a switch. */
  readonly flag: string;
  readonly parse: Parser<Value>;
  /** As text, as the operator would give it; undefined when the option has no default. */
  readonly default: string | undefined;
  readonly help: string;
  readonly group: string;
  readonly onResume: OnResume;
}

/**
 * What a resume may do with an option.
 *
 * `same`   it is part of the run: kept in the state, and another value is refused, because the state's facts would speak
 *          of something else
 * `new`    kept in the state; another value holds from now on, for what is left to do, and is kept in its place
 * `start`  it belongs to one start and is not kept
 */
export type OnResume = "same" | "new" | "start";

/** Makes the row of one option; `fallback` is its default as text. */
export function option<Value, Default extends string | undefined>(
  group: string,
  flag: string,
  parse: Parser<Value>,
  fallback: Default,
  help: string,
  onResume: OnResume = "new",
) {
  return { flag, parse, default: fallback, help, group, onResume };
}
