/** The longest that a timer can be set to, ms (24.8 days). A longer one goes off at once, with a warning. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `run` once after so many ms, however many: a long wait is made of several timers.
 *
 * @param keepsAlive whether the process stays for it
 * @returns takes it back
 */
export function later(ms: number, run: () => void, { keepsAlive = true } = {}): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const next = leftMs > LONGEST_TIMER_MS ? () => wait(leftMs - LONGEST_TIMER_MS) : run;
    timer = setTimeout(next, Math.min(leftMs, LONGEST_TIMER_MS));
    if (!keepsAlive) timer.unref();
  };
  wait(ms);
  return () => clearTimeout(timer);
}
