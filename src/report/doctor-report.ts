/** What `reupload doctor` found: one check a line. */
import type { ExitCode } from "../core/exit-codes.ts";
import type { Json, JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

/** What is looked at, in this order; `run` would meet the first problem first. */
export const CHECKS = [
  "node",
  "csv",
  "catalog",
  "state",
  "disk",
  "sign-in",
  "network",
  "target",
  "clock",
  "write",
  "tags",
  "list",
  "send",
  "coordination",
  "source",
] as const;
export type CheckName = (typeof CHECKS)[number];

/** What a check found to be well. */
export interface Findings {
  readonly node: { readonly version: string; readonly heapBytes: number };
  readonly csv: {
    readonly path: string;
    readonly workItems: number;
    readonly rejected: number;
    readonly warnings: readonly string[];
  };
  readonly catalog: { readonly identity: string };
  /** @property begun when its run began, ms since the epoch; undefined: there is no state yet */
  readonly state: { readonly path: string; readonly begun: number | undefined };
  readonly disk: {
    readonly freeBytes: number;
    readonly neededBytes: number;
    readonly filesAWorkItem: number;
  };
  /** @property way such as `az login` or `the account's key` */
  readonly "sign-in": { readonly way: string };
  readonly network: {
    readonly hosts: readonly { readonly host: string; readonly address?: string; readonly proxy?: string }[];
  };
  readonly target: { readonly container: string; readonly queue: string | undefined };
  /** @property aheadMs how far this machine's clock is ahead of the service's, whole seconds */
  readonly clock: { readonly aheadMs: number };
  /** Looked at when the blobs are to get tags. @property mayRead whether `verify` may compare them */
  readonly tags: { readonly container: string; readonly mayRead: boolean };
  readonly write: { readonly container: string };
  readonly list: { readonly container: string };
  readonly send: { readonly queue: string };
  readonly coordination: { readonly container: string };
  readonly source: { readonly files: number };
}

export type Check =
  | {
      readonly [Name in CheckName]: {
        readonly name: Name;
        readonly outcome: "ok";
        readonly found: Findings[Name];
      };
    }[CheckName]
  | {
      readonly name: CheckName;
      readonly outcome: "problem";
      readonly message: string;
      readonly advice: string;
      /** Stable code, as in `docs/errors.md`. */
      readonly code: string;
      /** What `run` would end with. */
      readonly exitCode: ExitCode;
    }
  /** It could not be looked at because of a problem before it, or the run does not need it. */
  | { readonly name: CheckName; readonly outcome: "skipped"; readonly why: string };

export interface DoctorReport {
  readonly checks: readonly Check[];
  /** That of the first problem. */
  readonly exitCode: ExitCode;
}

/** The report for programs. */
export function doctorJson({ checks, exitCode }: DoctorReport): JsonFields {
  const forms = checks.map((check): JsonFields => {
    if (check.outcome !== "ok") return { ...check };
    const found = Object.entries<Json | undefined>({ ...check.found });
    const fields = found.map(([name, value]) => [name, value ?? null] as const);
    return { name: check.name, outcome: check.outcome, ...Object.fromEntries(fields) };
  });
  return { schemaVersion: SCHEMA_VERSION, exitCode, checks: forms };
}
