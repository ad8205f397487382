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

/** What only the running process knows. Counters are of this start. */
export interface Heartbeat {
  /** ms since the epoch. */
  readonly at: number;
  readonly slots: number;
  readonly slotsInUse: number;
  readonly openWorkItems: number;
  readonly retries: number;
  readonly throttles: number;
  readonly hedges: number;
  /** Services that are waited for. */
  readonly waiting: readonly {
    readonly what: string;
    readonly since: number;
    readonly advice: string;
    readonly throttled: boolean;
  }[];
}

/** How a start ended, for those who read the state later. */
export interface StartEnding {
  readonly exitCode: number;
  /** In a few words, such as `finished` or `Ctrl+C`. */
  readonly why: string;
}
