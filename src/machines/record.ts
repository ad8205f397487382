/**
 * The record of one partition: its body is the checkpoint, its metadata a summary that one list request gives of all
 * partitions. Metadata values are percent-encoded, because headers hold ASCII alone.
 */
import { ReuploadError } from "../core/errors.ts";

/** Counts of one partition, or of all of them. */
export interface RecordCounts {
  readonly workItems: number;
  readonly completed: number;
  readonly empty: number;
  readonly failedWorkItems: number;
  readonly skippedWorkItems: number;
  /** Expected in all, as far as surveys and lookups told. */
  readonly files: number;
  readonly filesCompleted: number;
  readonly filesFailed: number;
  readonly filesSkipped: number;
  readonly bytes: number;
}

export interface RecordSummary {
  /** `working`; `left` when its holder gave it back unfinished; `done`. */
  readonly state: "working" | "left" | "done";
  readonly host: string;
  readonly pid: number;
  /** Of the holder's state file; copies of the file share it. */
  readonly stateId: string;
  /** A random value a claim. */
  readonly writerId: string;
  /** Counts the claims of this partition, from 1. */
  readonly epoch: number;
  /** When the claim began, ms since the epoch, by the holder's clock; shown, never compared. */
  readonly since: number;
  readonly counts: RecordCounts;
  /** All files that the partition has, those not looked up yet too; undefined while nothing is known of them. */
  readonly expectedFiles?: { readonly count: number; readonly isKnown: boolean } | undefined;
  /** All files of the whole run, as far as a machine that takes any partition knows. */
  readonly runFiles?: { readonly count: number; readonly isKnown: boolean } | undefined;
  /** Files that were listed once and are not any more. */
  readonly filesVanished?: number | undefined;
  /** Files that the run's filter leaves out, of the work items that are done. */
  readonly filesLeftOut?: number | undefined;
  /** Failed files and work items by code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly filesPerSecond: number;
  readonly workItemsPerMinute: number;
  /** undefined when it is not known */
  readonly etaMs: number | undefined;
  /** An operator has paused the machine: nothing new begins. */
  readonly isPaused?: boolean | undefined;
  /** The number of the last request of an operator that was looked at; undefined: none. */
  readonly control?: number | undefined;
}

/** A record that was made and never claimed. */
export function isUnclaimed(metadata: Readonly<Record<string, string>>): boolean {
  return metadata["epoch"] === undefined;
}

/** The summary as the metadata of a blob: names in lower case, values in ASCII. */
export function encodeSummary(summary: RecordSummary): Record<string, string> {
  const { state, host, pid, stateId, writerId, epoch, since, counts, failures } = summary;
  const { expectedFiles: expected, runFiles, filesVanished: vanished = 0, filesLeftOut = 0 } = summary;
  return {
    state,
    host: encodeURIComponent(host),
    pid: String(pid),
    stateid: stateId,
    writerid: writerId,
    epoch: String(epoch),
    since: String(since),
    counts: COUNTS.map((name) => counts[name]).join(" "),
    failures: Object.entries(failures)
      .map(([code, count]) => `${code}:${count}`)
      .join(" "),
    filespersecond: summary.filesPerSecond.toFixed(2),
    workitemsperminute: summary.workItemsPerMinute.toFixed(2),
    ...(summary.etaMs === undefined ? {} : { etams: String(Math.round(summary.etaMs)) }),
    ...(summary.control === undefined ? {} : { control: String(summary.control) }),
    ...(expected === undefined ? {} : { expectedfiles: encodeEstimate(expected) }),
    ...(runFiles === undefined ? {} : { runfiles: encodeEstimate(runFiles) }),
    ...(summary.isPaused === true ? { paused: "1" } : {}),
    ...(vanished === 0 ? {} : { vanished: String(vanished) }),
    ...(filesLeftOut === 0 ? {} : { leftout: String(filesLeftOut) }),
  };
}

/** @returns undefined for a record that nobody has claimed yet @throws ReuploadError `coordination-damaged` */
export function decodeSummary(metadata: Readonly<Record<string, string>>): RecordSummary | undefined {
  if (isUnclaimed(metadata)) return undefined;
  const text = (name: string): string => {
    const value = metadata[name];
    if (value === undefined) throw damaged(`${name} is missing`);
    return value;
  };
  const state = text("state");
  if (state !== "working" && state !== "left" && state !== "done") throw damaged(`its state is ${state}`);
  const eta = metadata["etams"];
  return {
    state,
    host: decodeURIComponent(text("host")),
    pid: number(text("pid")),
    stateId: text("stateid"),
    writerId: text("writerid"),
    epoch: number(text("epoch")),
    since: number(text("since")),
    counts: readCounts(text("counts")),
    failures: readFailures(text("failures")),
    filesPerSecond: number(text("filespersecond")),
    workItemsPerMinute: number(text("workitemsperminute")),
    etaMs: eta === undefined ? undefined : number(eta),
    ...readOptional(metadata),
  };
}

function encodeEstimate({ count, isKnown }: { readonly count: number; readonly isKnown: boolean }): string {
  return `${count} ${isKnown ? 1 : 0}`;
}

function readEstimate(text: string): { readonly count: number; readonly isKnown: boolean } {
  const [count = "", isKnown] = text.split(" ");
  return { count: number(count), isKnown: isKnown === "1" };
}

/** What an older version did not tell. */
function readOptional(metadata: Readonly<Record<string, string>>) {
  const { expectedfiles: expected, runfiles: runFiles, vanished, leftout, control } = metadata;
  return {
    ...(expected === undefined ? {} : { expectedFiles: readEstimate(expected) }),
    ...(runFiles === undefined ? {} : { runFiles: readEstimate(runFiles) }),
    ...(vanished === undefined ? {} : { filesVanished: number(vanished) }),
    ...(leftout === undefined ? {} : { filesLeftOut: number(leftout) }),
    ...(metadata["paused"] === "1" ? { isPaused: true } : {}),
    ...(control === undefined ? {} : { control: number(control) }),
  };
}

const COUNTS = [
  "workItems",
  "completed",
  "empty",
  "failedWorkItems",
  "skippedWorkItems",
  "files",
  "filesCompleted",
  "filesFailed",
  "filesSkipped",
  "bytes",
] as const satisfies readonly (keyof RecordCounts)[];

function readCounts(text: string): RecordCounts {
  const values = text.split(" ").map(number);
  if (values.length !== COUNTS.length) throw damaged(`it has ${values.length} counts`);
  return Object.fromEntries(COUNTS.map((name, at) => [name, values[at]])) as unknown as RecordCounts;
}

function readFailures(text: string): Record<string, number> {
  const pairs = text.split(" ").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [code = "", count = ""] = pair.split(":");
      return [code, number(count)];
    }),
  );
}

function number(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw damaged(`${text} is not a number`);
  return value;
}

function damaged(why: string): ReuploadError {
  return new ReuploadError(
    "coordination-damaged",
    `The summary of a partition's record cannot be read: ${why}.`,
  );
}
