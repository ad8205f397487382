import type { Incident } from "../../core/incident.ts";
import type { Waits } from "../../core/waits.ts";

/**
 * What one file may cost: its time over all its requests, attempts and backoffs (waiting at a gate is free), and how
 * often its most tried request was tried.
 */
export class RequestBudget {
  readonly signal: AbortSignal;
  attempts = 1;
  #leftMs: number;
  readonly #waits: Waits | undefined;
  readonly #onIncident: ((incident: Incident) => void) | undefined;

  /**
   * @param waits ends waits before `signal` ends everything
   * @param onIncident takes what keeps the file from succeeding at its first try
   */
  constructor(
    signal: AbortSignal,
    limitMs: number,
    waits?: Waits,
    onIncident?: (incident: Incident) => void,
  ) {
    this.signal = signal;
    this.#leftMs = limitMs;
    this.#waits = waits;
    this.#onIncident = onIncident;
  }

  /** Tells what happened, for the file's history. */
  tell(incident: Incident): void {
    this.#onIncident?.(incident);
  }

  /** For a wait that begins now, while no request is in flight: a turn at a gate, a backoff, a token. */
  get waitSignal(): AbortSignal {
    return this.#waits?.signal ?? this.signal;
  }

  get leftMs(): number {
    return this.#leftMs;
  }

  /** More time, when the file turns out to be larger than thought. */
  extend(ms: number): void {
    this.#leftMs += ms;
  }

  spend(ms: number): void {
    this.#leftMs -= ms;
  }
}

/** The deadline of a file, ms: 10 minutes and 1 s a MiB. */
export function fileDeadlineMs(bytes: number): number {
  return 600_000 + transferTimeMs(bytes);
}

/** How long so many bytes may take, ms: 1 s a MiB. */
export function transferTimeMs(bytes: number): number {
  return (bytes / 2 ** 20) * 1000;
}
