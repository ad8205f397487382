/** The command line as data, from which completions and the manual page are written. */

/** What can stand as a value. */
export type Values =
  /** These words, the usual ones at least. */
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  /** A file of a run's state: `*.db`. */
  | { readonly kind: "state" }
  | { readonly kind: "folder" }
  /** `auto`, and the numbers from 0 that are less than the value of another option on the line. */
  | { readonly kind: "below"; readonly option: string }
  /** Nothing that could be known. */
  | { readonly kind: "any" };

export interface OptionNode {
  /** `-q`; undefined when there is none. */
  readonly short: string | undefined;
  /** `--quiet` */
  readonly long: string;
  /** `<file>` or `[codes]`; undefined for a switch. */
  readonly value: string | undefined;
  readonly values: Values;
  readonly help: string;
  readonly group: string | undefined;
}

export interface ArgumentNode {
  /** `<path...>` or `[query]` */
  readonly name: string;
  readonly help: string;
  readonly values: Values;
}

export interface CommandNode {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly args: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
}

export interface CommandTree {
  readonly description: string;
  readonly commands: readonly CommandNode[];
}
