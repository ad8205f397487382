/** What a running process says of itself to those who read the state beside it, and what they ask of it. */
import type { ControlAnswer, ControlRequest, WorkItemRequest } from "../core/control-request.ts";
import type { Rearranged } from "./work-queue.ts";

export interface RunPresence {
  /**
   * Tells how it goes; about every second. Written with the next commit, the last one counts. Never waits.
   *
   * @throws ReuploadError `internal` once the state is closed
   */
  beat(heartbeat: Heartbeat): void;

  /**
   * Notes how this start ended; written when the state is closed, the last one counts. A start that closes without it
   * has ended too, and nobody knows how.
   *
   * @throws ReuploadError `internal` once the state is closed
   */
  noteEnding(ending: StartEnding): void;

  /**
   * What operators have asked of this start since it was asked last, in the order in which they did; each comes once. Never
   * waits and never throws: what cannot be read now comes later.
   */
  asked(): readonly AskedRequest[];

  /**
   * Changes one work item on the operator's word. `bump` has it claimed before all others that are pending, in the order of
   * the bumps, and lasts until it is claimed. `skip` takes a pending one out until a `reset`. `reset` makes a skipped or
   * failed one pending again: any holder may claim it, those that were given back too. Committed when it returns, or
   * nothing has changed. Repeating it is harmless.
   *
   * @throws ReuploadError `disk-full`, `internal`
   */
  rearrange(request: WorkItemRequest): Promise<Rearranged>;

  /** Answers a request; whoever asked sees it soon. Never waits and never throws. */
  answer(request: number, answer: ControlAnswer): void;
}

/** A request of an operator, as it reached the process. */
export interface AskedRequest {
  /** Grows with each request. */
  readonly id: number;
  readonly request: ControlRequest;
  /** Who asked, such as `user@host, process 4711`. */
  readonly by: string;
  /** ms since the epoch. */
  readonly at: number;
}

/** A service that is waited for: it is gone, or asked to slow down. */
export interface Waiting {
  /** Such as `target account.blob.core.windows.net`. */
  readonly what: string;
  /** ms since the epoch. */
  readonly since: number;
  /** What the operator can do, such as "run `az login`", or why it waits; may be empty. */
  readonly advice: string;
  /** Asked to slow down (Retry-After) rather than gone. */
  readonly throttled: boolean;
}

/** What only the running process knows. Counters are of this start, and only grow. */
export interface Heartbeat {
  /** ms since the epoch. */
  readonly at: number;
  readonly slots: number;
  readonly slotsInUse: number;
  readonly openWorkItems: number;
  readonly retries: number;
  readonly throttles: number;
  /** Second requests beside a first one that took long. */
  readonly hedges: number;
  readonly waiting: readonly Waiting[];
  /** How the run is steered; undefined in a state of a version before. */
  readonly state?: string | undefined;
  /** Who paused it; empty unless it is paused. */
  readonly pausedBy?: readonly string[];
}

/** How a start ended, for those who read the state later. */
export interface StartEnding {
  readonly exitCode: number;
  /** In a few words, such as `finished` or `Ctrl+C`. */
  readonly why: string;
}
