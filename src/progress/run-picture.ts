/** A whole run as the target's account knows it: all partitions added up, and what each machine does. */
import { correctGuess, type FileGuess } from "./file-guess.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import {
  countJoined,
  countParts,
  type JoinedCounts,
  type JoinedMachine,
  machineRows,
  type MachineRow,
} from "./run-machines.ts";
import type { LiveFigures, ProgressView } from "./progress.ts";

/**
 * - `alive`        a machine works on it: its lease is held
 * - `dead`         its machine stopped without giving it back: its lease has ended
 * - `left`         its machine gave it back unfinished
 * - `done`         nothing of it is left
 * - `not-started`  nobody has begun it
 */
export type PartLife = "alive" | "dead" | "left" | "done" | "not-started";

/** Who had the partition last, and what that machine told. */
export interface PartFacts {
  readonly host: string;
  readonly pid: number;
  /** Of the state that it works with. */
  readonly stateId: string;
  /** When it began with the partition, ms since the epoch, by its clock. */
  readonly since: number;
  readonly workItems: {
    readonly total: number;
    readonly done: number;
    readonly empty: number;
    readonly failed: number;
    readonly skipped: number;
  };
  /** `total`: all of them as far as that is known; undefined: only those looked up are known. */
  readonly files: {
    readonly total: number | undefined;
    readonly isKnown: boolean;
    readonly lookedUp: number;
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
  };
  /** All files of the whole run as this machine knows them; of those that take any partition. */
  readonly runFiles?: { readonly count: number; readonly isKnown: boolean } | undefined;
  readonly filesVanished: number;
  /** Left out by the run's filter. */
  readonly filesLeftOut: number;
  readonly bytes: number;
  /** Failed files and work items by code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly filesPerSecond: number;
  readonly workItemsPerMinute: number;
  /** An operator has paused the machine. */
  readonly isPaused?: boolean | undefined;
  /** When it was told, ms. */
  readonly etaMs: number | undefined;
}

export interface RunPart {
  readonly partition: number;
  readonly life: PartLife;
  /** undefined: nobody has begun it. */
  readonly facts: PartFacts | undefined;
  /** When that was told, by the service's clock, ms since the epoch. */
  readonly toldAt: number | undefined;
}

export interface RunFacts {
  readonly runId: string;
  readonly target: string;
  readonly csv: {
    readonly digest: string;
    readonly fileName: string;
    readonly rows: number;
    readonly workItems: number;
    readonly rejected: number;
  };
  readonly totalPartitions: number;
  /** `auto`: whichever machine is free takes a partition. */
  readonly mode: "fixed" | "auto";
  readonly queues: readonly string[];
  /** A repartition is under way. */
  readonly isOpening: boolean;
  /** All of them, by number. */
  readonly parts: readonly RunPart[];
  /** Machines that take free partitions; none with fixed ones. */
  readonly joined: readonly JoinedMachine[];
  /** The service's clock at the answer, ms since the epoch. */
  readonly date: number;
}

export interface RunPicture {
  readonly run: RunFacts;
  readonly total: ProgressView;
  readonly machines: readonly MachineRow[];
  readonly counts: Readonly<Record<PartLife, number>>;
  /** The sum of `counts`: the run's partitions, and those that were given away. */
  readonly partitions: number;
  /** Machines that take free partitions; undefined with fixed ones. */
  readonly joined: JoinedCounts | undefined;
  /** Of machines that died, over all machines. */
  readonly takenOver: JoinedMachine["takenOver"];
  /** Failed files and work items by code, most first. */
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  /** Whose end the time left tells, with fixed partitions. */
  readonly lastToEnd: RunPart | undefined;
  readonly isDone: boolean;
  /** Of the whole run: 0 all done, 1 with failures, 6 somebody must act, 7 under way. */
  readonly exitCode: ExitCode;
}

const NO_LIVE: LiveFigures = {
  slots: 0,
  slotsInUse: 0,
  openWorkItems: 0,
  retries: 0,
  throttles: 0,
  hedges: 0,
  waiting: [],
};

/** Makes the picture of one look. */
export function pictureRun(run: RunFacts): RunPicture {
  const counts = countParts(run.parts);
  const machines = machineRows(run);
  const workItems = sumWorkItems(run);
  const isDone =
    workItems.left === 0 && run.parts.every(({ life }) => life === "done" || life === "not-started");
  const files = sumFiles(run, isDone, workItems);
  const rates = machines.filter(({ life }) => life === "alive");
  const sum = (pick: (row: MachineRow) => number) => rates.reduce((all, row) => all + pick(row), 0);
  const filesPerSecond = rates.length === 0 ? undefined : sum((row) => row.filesPerSecond);
  const workItemsPerMinute = rates.length === 0 ? undefined : sum((row) => row.workItemsPerMinute);
  const left = { files: files.left, workItems: workItems.left };
  const { eta, lastToEnd } = isDone
    ? { eta: { lowMs: 0, highMs: 0 }, lastToEnd: undefined }
    : timeLeft(run, left, { filesPerSecond, workItemsPerMinute });
  const total: ProgressView = {
    elapsedMs: 0,
    workItems,
    files,
    bytes: sumFacts(run, ({ bytes }) => bytes),
    thisStart: { files: 0, bytes: 0, workItems: 0 },
    filesPerSecond,
    workItemsPerMinute,
    bytesPerSecond: undefined,
    eta,
    live: NO_LIVE,
  };
  const joined = countJoined(run);
  const isWorkedOn = counts.alive > 0 || (joined?.alive ?? 0) > 0;
  const exitCode = wholeExitCode(run, total, { counts, isDone, isWorkedOn });
  const failures = sumFailures(run);
  const takenOver = sumTakenOver(run);
  const partitions = Math.max(run.totalPartitions, run.parts.length);
  const facts = { run, total, machines, counts, partitions, joined, takenOver };
  return { ...facts, failures, lastToEnd, isDone, exitCode };
}

function sumFacts({ parts }: RunFacts, pick: (facts: PartFacts) => number): number {
  return parts.reduce((all, { facts }) => all + (facts === undefined ? 0 : pick(facts)), 0);
}

/** Of the whole CSV: those of partitions that nobody has begun are left, too. */
function sumWorkItems(run: RunFacts): ProgressView["workItems"] {
  const [done, empty, failed, skipped] = [
    sumFacts(run, ({ workItems }) => workItems.done),
    sumFacts(run, ({ workItems }) => workItems.empty),
    sumFacts(run, ({ workItems }) => workItems.failed),
    sumFacts(run, ({ workItems }) => workItems.skipped),
  ];
  const total = Math.max(
    run.csv.workItems,
    sumFacts(run, ({ workItems }) => workItems.total),
  );
  const left = Math.max(0, total - done - empty - failed - skipped);
  return { total, done, empty, failed, skipped, left, inProgress: 0 };
}

function sumFiles(
  run: RunFacts,
  isDone: boolean,
  workItems: ProgressView["workItems"],
): ProgressView["files"] {
  const [done, failed, skipped] = [
    sumFacts(run, ({ files }) => files.done),
    sumFacts(run, ({ files }) => files.failed),
    sumFacts(run, ({ files }) => files.skipped),
  ];
  const leftOut = sumFacts(run, ({ filesLeftOut }) => filesLeftOut);
  const ended = { done, failed, skipped, leftOut };
  const finished = done + failed + skipped;
  if (isDone) return { total: finished, totalIsKnown: true, ...ended, left: 0 };
  const guess = toldByMachine(run) ?? estimateFiles(run);
  const { count, isKnown } = correctGuess(guess, finished, workItems);
  if (count === undefined) {
    return { total: undefined, totalIsKnown: false, ...ended, left: undefined };
  }
  const total = Math.max(count, finished);
  return { total, totalIsKnown: isKnown, ...ended, left: total - finished };
}

/** Machines that take any partition know the whole run, from the survey that they share; the last word counts. */
function toldByMachine({ parts }: RunFacts): PartFacts["runFiles"] {
  const told = parts.filter(({ facts }) => facts?.runFiles !== undefined);
  return told.toSorted((a, b) => (b.toldAt ?? 0) - (a.toldAt ?? 0))[0]?.facts?.runFiles;
}

/**
 * What is not known of some work items is told by the mean of partitions whose files are all known; where there is none,
 * of the work items that are done with.
 */
function estimateFiles(run: RunFacts): FileGuess {
  const all = run.parts.flatMap(({ facts }) => facts ?? []);
  const counted = all.filter(({ files }) => files.total !== undefined);
  const known = counted.reduce((sum, { files }) => sum + (files.total ?? 0), 0);
  const ofKnown = counted.reduce((sum, { workItems }) => sum + workItems.total, 0);
  const unknown = Math.max(0, run.csv.workItems - ofKnown);
  if (unknown === 0) return { count: known, isKnown: counted.every(({ files }) => files.isKnown) };
  const [files, workItems] =
    ofKnown > 0
      ? [known, ofKnown]
      : [sumFacts(run, (facts) => facts.files.lookedUp), sumFacts(run, (facts) => endedOf(facts.workItems))];
  if (files === 0 || workItems === 0) return { count: undefined, isKnown: false };
  return { count: Math.round(known + (files / workItems) * unknown), isKnown: false };
}

function endedOf({ done, empty, failed, skipped }: PartFacts["workItems"]): number {
  return done + empty + failed + skipped;
}

/** The time that is left of what a part told of itself. */
export function partEta({ facts, toldAt }: RunPart, date: number): number | undefined {
  if (facts?.etaMs === undefined || toldAt === undefined) return undefined;
  return Math.max(0, facts.etaMs - Math.max(0, date - toldAt));
}

/** With fixed partitions the slowest one; else all that is left over the speed of all. */
function timeLeft(
  run: RunFacts,
  left: { readonly files: number | undefined; readonly workItems: number },
  rates: { readonly filesPerSecond: number | undefined; readonly workItemsPerMinute: number | undefined },
): Pick<ProgressView, "eta"> & Pick<RunPicture, "lastToEnd"> {
  if (run.mode === "auto") {
    const { filesPerSecond = 0, workItemsPerMinute = 0 } = rates;
    const ms =
      left.files !== undefined && filesPerSecond > 0
        ? (left.files / filesPerSecond) * 1_000
        : workItemsPerMinute > 0
          ? (left.workItems / workItemsPerMinute) * 60_000
          : undefined;
    return { eta: ms === undefined ? undefined : { lowMs: ms, highMs: ms }, lastToEnd: undefined };
  }
  const working = run.parts.filter(({ life }) => life !== "done");
  const times = working.map((part) => ({
    part,
    ms: part.life === "alive" ? partEta(part, run.date) : undefined,
  }));
  const [last] = times.toSorted((a, b) => (b.ms ?? Infinity) - (a.ms ?? Infinity));
  if (last?.ms === undefined) return { eta: undefined, lastToEnd: undefined };
  return { eta: { lowMs: last.ms, highMs: last.ms }, lastToEnd: last.part };
}

function sumTakenOver({ joined }: RunFacts): RunPicture["takenOver"] {
  const sum = (pick: (takenOver: RunPicture["takenOver"]) => number) =>
    joined.reduce((all, { takenOver }) => all + pick(takenOver), 0);
  return { partitions: sum((one) => one.partitions), filesFound: sum((one) => one.filesFound) };
}

function sumFailures({ parts }: RunFacts): RunPicture["failures"] {
  const sums = new Map<string, number>();
  for (const { facts } of parts) {
    for (const [code, count] of Object.entries(facts?.failures ?? {})) {
      sums.set(code, (sums.get(code) ?? 0) + count);
    }
  }
  return [...sums].map(([code, count]) => ({ code, count })).toSorted((a, b) => b.count - a.count);
}

/**
 * With fixed partitions somebody must act where a machine died or left one unfinished; a partition that nobody has begun
 * may still be begun while others work. With `auto` any machine that works takes over what others left.
 */
function wholeExitCode(
  run: RunFacts,
  { workItems, files }: ProgressView,
  { counts, isDone, isWorkedOn }: Pick<RunPicture, "counts" | "isDone"> & { readonly isWorkedOn: boolean },
): ExitCode {
  if (isDone) {
    const vanished = sumFacts(run, ({ filesVanished }) => filesVanished);
    const wrong = workItems.failed + files.failed + run.csv.rejected + vanished;
    return wrong > 0 ? EXIT.finishedWithFailures : EXIT.done;
  }
  const isStuck = run.mode === "fixed" && counts.dead + counts.left > 0;
  return isStuck || !isWorkedOn ? EXIT.unavailable : EXIT.running;
}
