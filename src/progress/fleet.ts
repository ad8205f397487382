/** Several states of one run, one a machine, seen together: a view of each, and all added up. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { StateReading } from "../state/state-reader.ts";
import type { StateSummary } from "../state/ledger.ts";
import { checkFit } from "./fleet-fit.ts";
import { type MachineView, MachineWatch } from "./machine-watch.ts";
import { finishedFiles, totalFiles } from "./progress-model.ts";
import type { LiveFigures, ProgressView } from "./progress.ts";

export interface FleetView {
  readonly machines: readonly MachineView[];
  /** undefined when the states do not fit together: their sum would mean nothing. */
  readonly total: ProgressView | undefined;
  /** Why they do not, in words. */
  readonly mismatches: readonly string[];
  /** Partitions of the run whose state is not among these. */
  readonly missingPartitions: readonly number[];
  /** Whose end the total's time left tells: no share can be done by another machine. */
  readonly slowest: MachineView | undefined;
  /** Every state's last start came to its end with nothing left to do (exit code 0 or 1). */
  readonly isDone: boolean;
  /** The worst of the states' codes, see `WORST_FIRST`; 3 when they do not fit together. */
  readonly exitCode: ExitCode;
}

/**
 * Which code of several is told: first what needs somebody to act, then what is under way, then what is finished.
 */
export const WORST_FIRST: readonly ExitCode[] = [
  EXIT.refused,
  EXIT.usage,
  EXIT.unavailable,
  EXIT.signIn,
  EXIT.stoppedEarly,
  EXIT.terminated,
  EXIT.interrupted,
  EXIT.outOfTime,
  EXIT.running,
  EXIT.finishedWithFailures,
  EXIT.done,
];

/** One reading of each state, always in the same order. */
export type FleetReadings = readonly { readonly stateDb: string; readonly reading: StateReading }[];

/** Follows several states by readings. Memory is constant. */
export class FleetWatch {
  readonly #watches: readonly MachineWatch[];

  /** @param at monotonic ms */
  constructor(at: number, first: FleetReadings) {
    this.#watches = first.map(({ stateDb, reading }) => new MachineWatch(stateDb, at, reading));
  }

  add(at: number, readings: FleetReadings): void {
    for (const [index, { reading }] of readings.entries()) this.#watches[index]?.add(at, reading);
  }

  view(): FleetView {
    const machines = this.#watches.map((watch) => watch.view());
    const { mismatches, missingPartitions } = checkFit(machines);
    const fits = mismatches.length === 0;
    const codes = machines.map(({ exitCode }) => exitCode);
    const worst = WORST_FIRST.find((code) => codes.includes(code)) ?? EXIT.done;
    const slowest = fits ? lastToEnd(machines) : undefined;
    return {
      machines,
      total: fits ? sumMachines(machines, slowest) : undefined,
      mismatches,
      missingPartitions,
      slowest,
      isDone: codes.every((code) => code === EXIT.done || code === EXIT.finishedWithFailures),
      exitCode: fits ? worst : EXIT.refused,
    };
  }
}

/**
 * The machine whose end comes last; undefined when one that has something left does not know its end. All files left
 * over the sum of the rates would be sooner, and wrong: a machine that is done takes nothing over.
 */
function lastToEnd(machines: readonly MachineView[]): MachineView | undefined {
  const [first, ...others] = machines.toSorted(
    (a, b) => (b.progress.eta?.highMs ?? Infinity) - (a.progress.eta?.highMs ?? Infinity),
  );
  return first?.progress.eta === undefined || others.some(({ progress }) => progress.eta === undefined)
    ? undefined
    : first;
}

function sumMachines(machines: readonly MachineView[], slowest: MachineView | undefined): ProgressView {
  const views = machines.map(({ progress }) => progress);
  const sum = (pick: (view: ProgressView) => number) => views.reduce((all, view) => all + pick(view), 0);
  const sumOfKnown = (pick: (view: ProgressView) => number | undefined) => {
    const known = views.map(pick).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((all, value) => all + value, 0);
  };
  return {
    elapsedMs: Math.max(0, ...views.map(({ elapsedMs }) => elapsedMs)),
    workItems: {
      total: sum(({ workItems }) => workItems.total),
      done: sum(({ workItems }) => workItems.done),
      empty: sum(({ workItems }) => workItems.empty),
      failed: sum(({ workItems }) => workItems.failed),
      skipped: sum(({ workItems }) => workItems.skipped),
      left: sum(({ workItems }) => workItems.left),
      inProgress: sum(({ workItems }) => workItems.inProgress),
    },
    files: sumFiles(machines.map(({ summary }) => summary)),
    bytes: sum(({ bytes }) => bytes),
    thisStart: {
      files: sum(({ thisStart }) => thisStart.files),
      bytes: sum(({ thisStart }) => thisStart.bytes),
      workItems: sum(({ thisStart }) => thisStart.workItems),
    },
    filesPerSecond: sumOfKnown(({ filesPerSecond }) => filesPerSecond),
    workItemsPerMinute: sumOfKnown(({ workItemsPerMinute }) => workItemsPerMinute),
    bytesPerSecond: sumOfKnown(({ bytesPerSecond }) => bytesPerSecond),
    eta: slowest && {
      lowMs: Math.max(...views.map(({ eta }) => eta?.lowMs ?? 0)),
      highMs: slowest.progress.eta?.highMs ?? 0,
    },
    live: sumLive(views.map(({ live }) => live)),
  };
}

/** Where one machine knows nothing of its files yet, the mean of all the others' speaks for it. */
function sumFiles(summaries: readonly StateSummary[]): ProgressView["files"] {
  const sum = (pick: (summary: StateSummary) => number) =>
    summaries.reduce((all, summary) => all + pick(summary), 0);
  const finished = sum(finishedFiles);
  const { total, isKnown } = totalFiles({
    workItems: {
      pending: sum(({ workItems }) => workItems.pending),
      in_progress: sum(({ workItems }) => workItems.in_progress),
      completed: sum(({ workItems }) => workItems.completed),
      empty: sum(({ workItems }) => workItems.empty),
      failed: sum(({ workItems }) => workItems.failed),
      skipped: sum(({ workItems }) => workItems.skipped),
      elsewhere: sum(({ workItems }) => workItems.elsewhere),
      not_mine: sum(({ workItems }) => workItems.not_mine),
    },
    notSurveyed: sum(({ notSurveyed }) => notSurveyed),
    files: { total: sum(({ files }) => files.total), expected: sum(({ files }) => files.expected) },
  });
  const left = total === undefined ? undefined : Math.max(0, total - finished);
  return {
    total: left === undefined ? undefined : finished + left,
    totalIsKnown: isKnown,
    done: sum(({ files }) => files.copied + files.alreadyThere + files.elsewhere),
    failed: sum(({ files }) => files.failed),
    skipped: sum(({ files }) => files.skipped),
    left,
    leftOut: sum(({ files }) => files.leftOut),
  };
}

function sumLive(lives: readonly LiveFigures[]): LiveFigures {
  const sum = (pick: (live: LiveFigures) => number) => lives.reduce((all, live) => all + pick(live), 0);
  return {
    slots: sum(({ slots }) => slots),
    slotsInUse: sum(({ slotsInUse }) => slotsInUse),
    openWorkItems: sum(({ openWorkItems }) => openWorkItems),
    retries: sum(({ retries }) => retries),
    throttles: sum(({ throttles }) => throttles),
    hedges: sum(({ hedges }) => hedges),
    waiting: lives.flatMap(({ waiting }) => waiting),
  };
}
