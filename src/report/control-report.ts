/** What became of an operator's requests, as `reupload control` tells it. */
import type { ExitCode } from "../core/exit-codes.ts";
import type { JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

export interface ControlResult {
  /** The state as the operator named it, or the run in the account. */
  readonly place: string;
  /** In short, such as `pause`. */
  readonly request: string;
  /**
   * `taken` by the process; `left` in the account, where the machines find it; `changed` in a state that no process works
   * on; `not-taken`: it does not apply; `nobody` listens; `no-answer` in time.
   */
  readonly outcome: "taken" | "left" | "changed" | "not-taken" | "nobody" | "no-answer";
  readonly text: string;
}

export interface ControlReport {
  readonly results: readonly ControlResult[];
  readonly exitCode: ExitCode;
}

/** As `--output json` prints it; docs/control.md describes it. */
export function controlJson({ results, exitCode }: ControlReport): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "control-results",
    exitCode,
    results: results.map(({ place, request, outcome, text }) => ({ place, request, outcome, text })),
  };
}
