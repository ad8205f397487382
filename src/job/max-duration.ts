/** `--max-duration`: a run that has a window of time ends like a drain when the window is over. */
import { EXIT } from "../core/exit-codes.ts";
import { StopRequest } from "../core/stop-request.ts";
import { type Cancel, moment, passedSince, type Surroundings } from "../surroundings/surroundings.ts";
import type { RunControl } from "./run-control.ts";

/** How often the time is looked at, ms: a machine that was suspended notices the end of its window when it wakes up. */
const LOOK_MS = 1_000;

/**
 * Drains the work once so much time has passed, time in suspend included.
 *
 * @param ms from now on; undefined: no limit
 * @returns ends the watch
 */
export function endAfter(surroundings: Surroundings, control: RunControl, ms: number | undefined): Cancel {
  if (ms === undefined) return () => {};
  const began = moment(surroundings);
  let cancel: Cancel = () => {};
  const look = (): void => {
    const left = ms - passedSince(surroundings, began);
    if (left <= 0) return control.drain(new StopRequest("max-duration", "--max-duration", EXIT.outOfTime));
    cancel = surroundings.after(Math.min(left, LOOK_MS), look, { background: true });
  };
  look();
  return () => cancel();
}
