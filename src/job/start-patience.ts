/** How long a start waits for the coordination container to answer at all, before its first file. */
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ServiceTime } from "../machines/service-time.ts";
import { every, moment, passedSince } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";

/** As for any service: before the first file a start gives up earlier than a run does, ms. */
const LONGEST_SILENCE_MS = 30_000;
const TELL_AFTER_MS = 5_000;
const LOOK_MS = 1_000;

/** Tells that there is no answer, and ends the start when none comes. Each answer begins the time anew. */
export class StartPatience implements Disposable {
  /** Aborts when the start is stopped, and when there was no answer for too long. */
  readonly signal: AbortSignal;
  readonly #end: () => void;

  constructor(
    { surroundings, signal, notice }: JobContext,
    serviceTime: Pick<ServiceTime, "silentMs">,
    { coordinationContainer, maxWait }: Pick<RunSettings, "coordinationContainer" | "maxWait">,
  ) {
    const silence = new AbortController();
    this.signal = AbortSignal.any([signal, silence.signal]);
    const began = moment(surroundings);
    const most = Math.max(TELL_AFTER_MS, Math.min(LONGEST_SILENCE_MS, maxWait));
    let isTold = false;
    this.#end = every(surroundings, LOOK_MS, () => {
      const silent = Math.min(serviceTime.silentMs, passedSince(surroundings, began));
      if (silent >= most) silence.abort(noAnswer(coordinationContainer, most));
      else if (silent >= TELL_AFTER_MS && !isTold) {
        isTold = true;
        notice("info", `waiting for an answer of the container ${coordinationContainer}`);
      }
    });
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

function noAnswer(container: string, ms: number): ReuploadError {
  return new ReuploadError(
    "unavailable",
    `The container ${container} of the target account did not answer for ${Math.round(ms / 1000)} s.`,
  );
}
