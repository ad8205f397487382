/** What the process answers to the shell; the one map, shown in every verb's help and in the docs. */
export const EXIT = {
  done: 0,
  finishedWithFailures: 1,
  usage: 2,
  refused: 3,
  signIn: 4,
  stoppedEarly: 5,
  unavailable: 6,
  running: 7,
  outOfTime: 8,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly { code: ExitCode; meaning: string; again: string }[] = [
  { code: EXIT.done, meaning: "all done (or all of --limit or --sample)", again: "not needed" },
  {
    code: EXIT.finishedWithFailures,
    meaning: "finished; some rows, work items or files failed, vanished or were rejected",
    again: "after looking",
  },
  {
    code: EXIT.usage,
    meaning: "usage or configuration error; nothing was started",
    again: "no: fix the command",
  },
  {
    code: EXIT.refused,
    meaning: "refused: state, partition, identity or lock mismatch",
    again: "no: read the message",
  },
  { code: EXIT.signIn, meaning: "sign-in or permission", again: "after signing in" },
  {
    code: EXIT.stoppedEarly,
    meaning: "stopped early by --max-failures or --canary; state saved",
    again: "after looking",
  },
  {
    code: EXIT.unavailable,
    meaning: "a service stayed unreachable, the disk is full, or an internal error; state saved",
    again: "yes",
  },
  {
    code: EXIT.running,
    meaning: "`status` and `monitor --once` only: the run is under way",
    again: "wait for it",
  },
  { code: EXIT.outOfTime, meaning: "stopped at --max-duration; state saved", again: "yes" },
  { code: EXIT.interrupted, meaning: "Ctrl+C or `control drain`; state saved", again: "yes" },
  { code: EXIT.terminated, meaning: "SIGTERM; state saved", again: "yes" },
];
