/** What a state says of the run as a whole, and of one process's turn at it. */
import { ReuploadError } from "../core/errors.ts";
import { shownFilter } from "../core/file-filter.ts";
import { identityDifferences, type RunIdentity } from "../core/run-identity.ts";

/** What the CSV held; fixed once it is loaded, but for `--update-csv`. rows = ours + duplicates + rejected + otherPartitions. */
export interface InputCounts {
  /** Data rows, blank lines not counted. */
  readonly rows: number;
  /** Distinct work items of this state: those of one partition, or all of them. */
  readonly ours: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Distinct work items of other partitions. */
  readonly otherPartitions: number;
  /** Digests of the CSVs before `--update-csv`, the first one first; undefined: it did not grow. */
  readonly formerCsvs?: readonly string[];
}

/** The run: the same record in every start. */
export interface RunRecord {
  readonly runId: string;
  readonly identity: RunIdentity;
  /** The options that the run was started with, for a resume that does not give them again; nothing secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly input: InputCounts;
  /** When this state was made; ms since the epoch. */
  readonly createdAt: number;
}

/**
 * Where the run's files are announced: in its own queue or, of a run without one, in that which `announce` chose.
 *
 * @param announced how many files were announced
 * @returns undefined while there is none
 */
export function announcementQueue(
  { identity, settings }: Pick<RunRecord, "identity" | "settings">,
  announced: number,
): string | undefined {
  if (identity.queue !== "none") return identity.queue;
  const chosen = announced > 0 ? settings["queue"] : undefined;
  return typeof chosen === "string" ? chosen : undefined;
}

/** The run's filter as it is told; undefined: all files are taken. */
export function toldFilter({
  identity,
  createdAt,
}: Pick<RunRecord, "identity" | "createdAt">): string | undefined {
  return identity.filter === undefined ? undefined : shownFilter(identity.filter, createdAt);
}

/** One start: one process's turn at a run, from its launch to its end. */
export interface RunStart {
  /** Counts the starts of this state, from 1. It names the holder of a claim. */
  readonly number: number;
  /** ms since the epoch. */
  readonly startedAt: number;
}

/** What is known of the run before the CSV is read. */
export interface RunDescription {
  readonly identity: Omit<RunIdentity, "csvDigest">;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** @throws ReuploadError `identity-mismatch` when anything but the CSV differs; says what, and how */
export function checkIdentity(run: RunRecord, description: RunDescription): void {
  const given = { ...description.identity, csvDigest: run.identity.csvDigest };
  const differences = identityDifferences(run.identity, given);
  if (differences.length === 0) return;
  const told = differences.map(
    ({ what, inState, given: now }) => `${what}: the state has ${inState}, this command ${now}`,
  );
  throw new ReuploadError("identity-mismatch", `the state contains another run: ${told.join("; ")}`);
}
