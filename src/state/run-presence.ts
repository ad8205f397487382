/** What a running process says of itself to those who read the state beside it. */

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
}

/** How a start ended, for those who read the state later. */
export interface StartEnding {
  readonly exitCode: number;
  /** In a few words, such as `finished` or `Ctrl+C`. */
  readonly why: string;
}
