import type { Incident } from "./incident.ts";

/** A wait that a stop has ended: nothing of the file is in flight, and it is given back as it is. */
export class WaitGivenUp extends Error {
  constructor() {
    super("the wait ended because the run is stopping");
    this.name = "WaitGivenUp";
  }
}

/** How long a piece of work may wait while no request of it is in flight. */
export interface Waits {
  /** For a wait that begins now: aborts when it has to end. The reason is a WaitGivenUp, or the run's end. */
  readonly signal: AbortSignal;
  /** What it follows, for a thread that has to end the waits of its own alike. */
  readonly follows?: WaitsEnd;
}

/** What ends waits. */
export interface WaitsEnd {
  /** From here on each wait lasts a moment at the most. */
  readonly draining: AbortSignal;
  /** Ends every wait with its own reason. */
  readonly end: AbortSignal;
}

/** What a piece of work is stopped by. */
export interface WorkSignals {
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Ends waits sooner than that; when left out, `signal` alone ends them. */
  readonly waits?: Waits;
  /** Takes what keeps the work from succeeding at its first try; must not throw. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
}

/** The signal for a wait that begins now. */
export function chooseWaitSignal({ signal, waits }: WorkSignals): AbortSignal {
  return waits?.signal ?? signal;
}
