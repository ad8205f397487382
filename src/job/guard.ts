/**
 * What may forbid a start before its first file, and may hold it back later: the other machines of the run. A start asks
 * it once its state is open, because the CSV's digest is known only then.
 */
import type { RunControl } from "./run-control.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { StopRequest } from "../core/stop-request.ts";
import type { FileReport, PipelineLive } from "../pipeline/pipeline.ts";
import type { ProgressView, RunParts } from "../progress/progress.ts";
import type { Message } from "../report/messages.ts";
import type { OpenState } from "../state/state-kind.ts";

export interface Guard {
  /**
   * Begins to ask, before the state is there, what `begin` asks first; what is wrong is told by `begin` alone.
   *
   * @param csvDigest of the state that is being made
   * @param signal ends it
   */
  lookAhead?(csvDigest: string, signal: AbortSignal): void;
  /**
   * Refuses the start by what is known of the run already, and changes nothing: asked before container or queue are created.
   *
   * @throws ReuploadError
   */
  check?(state: OpenState): Promise<void>;
  /**
   * Takes this start's part of the run, or refuses it.
   *
   * @throws ReuploadError when the start must not go on; the state of a new run is discarded then
   */
  begin(state: OpenState, control: RunControl): Promise<GuardedRun>;
}

/** The part of the run that this start has. */
export interface GuardedRun {
  /** "Before the run" (`--announce-existing never`): ms since the epoch. */
  readonly moment: number;
  /** Whether new work of this partition may begin now; asked before each file. */
  mayBegin(partition: number): boolean;
  /** Calls back when what may begin may have changed. */
  onChange(changed: () => void): void;
  /** Takes where this start stands, about once a second: others are told of it. */
  tellProgress(view: ProgressView): void;
  /** Takes the catalog and the pipeline of the run, once they are there. */
  useWork?(catalog: Catalog, live: PipelineLive): void;
  /** Takes each file that is done with here. */
  noteFile?(report: FileReport): void;
  /** The whole run, of which this start does what it can get; undefined when its part is fixed. */
  parts?(): RunParts | undefined;
  /**
   * Tells the last facts, once nothing is in flight any more, and gives the part back. Repeating it changes nothing.
   *
   * @returns what is to be told after the summary, such as where the other machines stand
   */
  end(): Promise<Message | undefined>;
  /** After `end`: why the run is not over although nothing was left to do here. */
  unproved?(): StopRequest | undefined;
}

/** For a run that is alone: nothing is forbidden. */
export const NO_GUARD: Guard = {
  begin: async ({ run }) => ({
    moment: run.createdAt,
    mayBegin: () => true,
    onChange: () => {},
    tellProgress: () => {},
    end: async () => undefined,
  }),
};
