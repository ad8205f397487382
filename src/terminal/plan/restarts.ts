import { EXIT } from "../../core/exit-codes.ts";

/** An engine that starts a machine again leaves it alone after these exit codes: a person must look first. */
export const NOT_RESTARTED: readonly number[] = [
  EXIT.finishedWithFailures,
  EXIT.usage,
  EXIT.refused,
  EXIT.signIn,
  EXIT.stoppedEarly,
];
