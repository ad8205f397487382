import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { StateReading, Writer } from "../state/state-reader.ts";
import type { StateSummary } from "../state/ledger.ts";
import type { RunRecord } from "../state/run-record.ts";
import { ProgressModel } from "./progress-model.ts";
import type { LiveFigures, ProgressView } from "./progress.ts";

/** One state as it was read last, with the rates that its readings gave. */
export interface MachineView {
  /** The path as the operator gave it. */
  readonly stateDb: string;
  readonly run: RunRecord;
  /** How often the run was started on this state. */
  readonly starts: number;
  readonly summary: StateSummary;
  readonly writer: Writer;
  /** Speed and time left are known only while a process works on it. */
  readonly progress: ProgressView;
  /** What `status` answers for this state alone. */
  readonly exitCode: ExitCode;
}

/** What is known of a process that tells nothing. */
const NOTHING: LiveFigures = {
  slots: 0,
  slotsInUse: 0,
  openWorkItems: 0,
  retries: 0,
  throttles: 0,
  hedges: 0,
  waiting: [],
};

/** Follows one state by readings, about one a second: rates come from their differences. */
export class MachineWatch {
  readonly #stateDb: string;
  #model: ProgressModel;
  #reading: StateReading;

  /** @param at monotonic ms */
  constructor(stateDb: string, at: number, first: StateReading) {
    this.#stateDb = stateDb;
    this.#reading = first;
    this.#model = new ProgressModel(toSample(at, first));
  }

  add(at: number, reading: StateReading): void {
    // Another start counts anew: failed files became pending again, retries begin at 0.
    if (startKey(reading) !== startKey(this.#reading)) this.#model = new ProgressModel(toSample(at, reading));
    else this.#model.add(toSample(at, reading));
    this.#reading = reading;
  }

  view(): MachineView {
    const { run, starts, summary, writer } = this.#reading;
    const progress = this.#model.view();
    return {
      stateDb: this.#stateDb,
      run,
      starts,
      summary,
      writer,
      progress: writer.kind === "running" ? progress : atRest(progress),
      exitCode: machineExitCode(this.#reading),
    };
  }
}

function startKey({ run, starts, writer }: StateReading): string {
  return `${run.runId} ${starts} ${writer.kind === "running" ? writer.since : ""}`;
}

function toSample(at: number, { summary, writer }: StateReading) {
  return { at, summary, live: (writer.kind === "running" ? writer.heartbeat : undefined) ?? NOTHING };
}

/** Nobody works on it: no speed, and no end unless nothing is left. */
function atRest(view: ProgressView): ProgressView {
  const isDone = view.workItems.left === 0 && view.files.left === 0;
  return {
    ...view,
    filesPerSecond: undefined,
    workItemsPerMinute: undefined,
    bytesPerSecond: undefined,
    eta: isDone ? { lowMs: 0, highMs: 0 } : undefined,
  };
}

const EXIT_CODES: readonly number[] = Object.values(EXIT);

/**
 * The code that its last start ended with; 7 while a process works on it, 6 when that died. A start that did not say
 * how it ended, or a copy of a state, is judged by what is in it.
 */
function machineExitCode({ writer, summary, run }: StateReading): ExitCode {
  switch (writer.kind) {
    case "running":
      return EXIT.running;
    case "died":
      return EXIT.unavailable;
    case "ended": {
      const code = writer.ending?.exitCode ?? finishedCode(summary, run.input.rejected);
      return EXIT_CODES.includes(code) ? (code as ExitCode) : EXIT.unavailable;
    }
  }
}

function finishedCode({ workItems, drift }: StateSummary, rejected: number): ExitCode {
  if (workItems.pending + workItems.in_progress > 0) return EXIT.unavailable;
  return workItems.failed + rejected + drift.filesVanished > 0 ? EXIT.finishedWithFailures : EXIT.done;
}
