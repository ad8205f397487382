/** Counters that grow over the run, for the progress line. */
export interface AttemptFigures {
  retries: number;
  throttles: number;
  /** Second requests beside a first one that took long. */
  hedges: number;
}

/** The sums of some counters; zeros of none. */
export function sumFigures(all: readonly AttemptFigures[]): AttemptFigures {
  const sum = (name: keyof AttemptFigures): number => all.reduce((total, one) => total + one[name], 0);
  return { retries: sum("retries"), throttles: sum("throttles"), hedges: sum("hedges") };
}
