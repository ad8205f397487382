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
  /** Kept in the state, so that a resume need not give it again. */
  readonly kept: boolean;
}

/** Makes the row of one option; `fallback` is its default as text. It is kept in the state unless `details` says otherwise. */
export function option<Value, Default extends string | undefined>(
  group: string,
  flag: string,
  parse: Parser<Value>,
  fallback: Default,
  help: string,
  details: { readonly kept?: boolean } = {},
) {
  return { flag, parse, default: fallback, help, group, kept: details.kept ?? true };
}

/** Holds for one start: not kept in the state. */
export const here = { kept: false } as const;
