/** What a running process does when a person presses a key. */
import type { Listener } from "./context.ts";
import { OPERATOR } from "./operator.ts";
import type { RunControl } from "./run-control.ts";

/** What the keys are, for those who show it. */
export const KEYS_HINT = "p pauses and continues, + and - change the slots, Ctrl+C stops";

/** Does what the key stands for, and tells it; other keys do nothing. */
export function takeKey(control: RunControl, reporter: Pick<Listener, "tell">, key: string): void {
  const action = ACTIONS[key];
  if (action === undefined) return;
  const tell = (taken: boolean, request: string, text: string): void =>
    reporter.tell({ type: "control", request, by: `the key ${key}`, taken, text });
  if (control.draining.aborted) tell(false, action, "the run is stopping already");
  else if (action !== "pause") {
    control.setLimits({ slots: action });
    tell(true, `${action} slots`, `there are ${action} file slots, and --concurrency auto is off`);
  } else if (control.pausedBy.includes(OPERATOR)) {
    control.continue(OPERATOR);
    const { pausedBy } = control;
    tell(true, "continue", pausedBy.length === 0 ? "the run goes on" : `paused by ${pausedBy.join(" and ")}`);
  } else {
    control.pause(OPERATOR);
    tell(true, "pause", "paused: nothing new begins, files in flight finish");
  }
}

const ACTIONS: Readonly<Record<string, "pause" | "more" | "fewer">> = {
  p: "pause",
  "+": "more",
  "=": "more",
  "-": "fewer",
};
