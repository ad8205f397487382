/**
 * How one run is stopped and steered. Ctrl+C, SIGTERM, too many failures, a lost partition, a full disk and `control` all
 * come in here, and everything that works for the run looks at its signals.
 *
 * ```
 * starting --begin--> running <--pause, continue--> paused
 *     |                  |                            |
 *     +------------------+----------drain-------------+--> draining
 *     +------------------+----------abort-------------+------> | ----> stopping
 *     +----------------------------- end ----------------------+----------+--> ended
 * ```
 *
 * - `starting`  inputs, services, state and catalog are opened. `begin` leaves it. A drain ends all of that.
 * - `running`   work items are claimed, files are taken into slots.
 * - `paused`    nothing new is taken into slots; files in flight finish; leases and connections are kept. Entered by
 *               `pause`, left by the `continue` that takes back the last pause.
 * - `draining`  nothing new begins, for good; files in flight finish, files that only wait are given back. Entered by the
 *               first `drain`. `draining` has aborted.
 * - `stopping`  files in flight are given up. Entered by `abort`, by the end of the grace time after a drain, or by a
 *               second drain from outside. `draining` and `aborting` have aborted.
 * - `ended`     nothing of the run is under way any more. Entered by `end`; final. Later requests change nothing.
 *
 * The first request to stop decides why the run ended; a later one may only make it stop sooner. An error that ends the
 * run takes its place, because it must be told.
 */
import { setMaxListeners } from "node:events";
import type { LimitChange } from "../config/limit-changes.ts";
import type { WorkItemRequest } from "../core/control-request.ts";
import type { RunStop, StopRequest } from "../core/stop-request.ts";
import type { Cancel, Surroundings } from "../surroundings/surroundings.ts";

export type RunState = "starting" | "running" | "paused" | "draining" | "stopping" | "ended";

/** Which state may follow which. */
const NEXT: Readonly<Record<RunState, readonly RunState[]>> = {
  starting: ["running", "paused", "draining", "stopping", "ended"],
  running: ["paused", "draining", "stopping", "ended"],
  paused: ["running", "draining", "stopping", "ended"],
  draining: ["stopping", "ended"],
  stopping: ["ended"],
  ended: [],
};

/** What an operator changes while a run goes on. `slots`: some more or some fewer than there are now. */
export interface LimitRequest extends LimitChange {
  readonly slots?: "more" | "fewer";
}

export interface RunControlEvents {
  readonly onState: (state: RunState, why: string | undefined) => void;
  readonly onLimits: (change: LimitRequest) => void;
  /** A work item that was claimed and not begun is to be given back. */
  readonly onGiveBack: (request: WorkItemRequest) => void;
}

export class RunControl implements RunStop {
  readonly #surroundings: Surroundings;
  readonly #graceMs: number;
  readonly #drain = new AbortController();
  readonly #abort = new AbortController();
  readonly #pauses = new Set<string>();
  readonly #listeners = new Set<Partial<RunControlEvents>>();
  /** Asked for before there was anything to change. */
  readonly #early: LimitRequest[] = [];
  #state: RunState = "starting";
  #stop: StopRequest | undefined;
  #endGrace: Cancel = () => {};

  /** @param graceMs how long files in flight may take after a drain, ms */
  constructor(surroundings: Surroundings, graceMs: number) {
    this.#surroundings = surroundings;
    this.#graceMs = graceMs;
    // Hundreds of requests listen at once, which is no leak here.
    setMaxListeners(0, this.#drain.signal, this.#abort.signal);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Aborts when nothing new may begin; its reason is the StopRequest. */
  get draining(): AbortSignal {
    return this.#drain.signal;
  }

  /** Aborts when what is in flight is given up; its reason is the StopRequest. */
  get aborting(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why the run was told to stop; undefined while it was not. */
  get stopRequest(): StopRequest | undefined {
    return this.#stop;
  }

  /** Who holds the run back; empty unless it is paused, or will be once it begins. */
  get pausedBy(): readonly string[] {
    return [...this.#pauses];
  }

  /** Calls back at each change. @returns ends it */
  listen(events: Partial<RunControlEvents>): Cancel {
    this.#listeners.add(events);
    return () => void this.#listeners.delete(events);
  }

  /** What is opened before the first file is open. */
  begin(): void {
    if (this.#state !== "starting") return;
    this.#enter(this.#pauses.size > 0 ? "paused" : "running", undefined);
    for (const change of this.#early.splice(0)) this.setLimits(change);
  }

  /** Nothing new begins; after the grace time what is in flight is given up. Repeating it changes nothing. */
  drain(request: StopRequest): void {
    if (this.#stop !== undefined || this.#state === "ended") return;
    this.#stop = request;
    this.#enter("draining", request.why);
    this.#drain.abort(request);
    this.#endGrace = this.#surroundings.after(
      this.#graceMs,
      () => this.abort(request, "the end of the grace time"),
      {
        background: true,
      },
    );
  }

  /**
   * What is in flight is given up, too. Repeating it changes nothing.
   *
   * @param why told to those who listen, when it is not the request's own reason
   */
  abort(request: StopRequest, why = request.why): void {
    if (this.#state === "stopping" || this.#state === "ended") return;
    if (this.#stop === undefined || request.kind === "error") this.#stop = request;
    this.#endGrace();
    this.#enter("stopping", why);
    this.#drain.abort(this.#stop);
    this.#abort.abort(this.#stop);
  }

  /** Takes nothing new into slots until this pause is taken back. @param by who asks: each takes back its own */
  pause(by: string): void {
    this.#pauses.add(by);
    if (this.#state === "running") this.#enter("paused", by);
  }

  /** Takes a pause back; the run goes on when it was the last one. */
  continue(by: string): void {
    this.#pauses.delete(by);
    if (this.#state === "paused" && this.#pauses.size === 0) this.#enter("running", by);
  }

  /** Has whoever keeps a limit change it; before the run has begun it waits for that. */
  setLimits(change: LimitRequest): void {
    if (this.#state === "ended") return;
    if (this.#state === "starting") return void this.#early.push(change);
    for (const { onLimits } of this.#listeners) onLimits?.(change);
  }

  /** Has a work item given back that was claimed ahead of need, so that it can be left out. */
  giveBack(request: WorkItemRequest): void {
    for (const { onGiveBack } of this.#listeners) onGiveBack?.(request);
  }

  /** Nothing of the run is under way any more. */
  end(): void {
    this.#endGrace();
    if (this.#state !== "ended") this.#enter("ended", this.#stop?.why);
  }

  #enter(state: RunState, why: string | undefined): void {
    if (!NEXT[this.#state].includes(state)) {
      throw new TypeError(`a run that is ${this.#state} cannot be ${state}`);
    }
    this.#state = state;
    for (const { onState } of this.#listeners) onState?.(state, why);
  }
}
