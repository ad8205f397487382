/** What became of an operator's requests, a line each. */
import type { ControlReport } from "../report/report.ts";

const MARKS = {
  taken: "",
  left: "",
  changed: "",
  "not-taken": "not done: ",
  nobody: "not done: ",
  "no-answer": "not known: ",
};

/** `machine1_state.db: pause: paused: nothing new begins, files in flight finish` */
export function controlText({ results }: ControlReport): string[] {
  return results.map(({ place, request, outcome, text }) => `${place}: ${request}: ${MARKS[outcome]}${text}`);
}
