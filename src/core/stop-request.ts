/**
 * Why a run is to stop. Made at the one place where a stop is decided; it travels as the reason of the signals that it
 * aborts, so that whoever must tell how the run ended reads it there, and nobody reads a reason's text.
 */
import type { ReuploadError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

export type StopKind =
  /** Ctrl+C, SIGTERM, a closed terminal. */
  | "signal"
  /** `reupload control drain`. */
  | "control"
  /** `--max-failures` was passed. */
  | "too-many-failures"
  /** Another machine has the partition. */
  | "partition-lost"
  /** `--max-duration` has passed. */
  | "max-duration"
  /** A service stayed away, the disk is full, a defect: `error` says it. */
  | "error";

export class StopRequest extends Error {
  readonly kind: StopKind;
  /** In a few words, as the summary tells it: `Ctrl+C`. */
  readonly why: string;
  readonly exitCode: ExitCode;
  /** What is told before the summary, when an error is behind it. */
  readonly error: ReuploadError | undefined;

  constructor(kind: StopKind, why: string, exitCode: ExitCode, error?: ReuploadError) {
    super(`stopped by ${why}`, error === undefined ? undefined : { cause: error });
    // An abort of fetch, streams and timers is told by this name.
    this.name = "AbortError";
    this.kind = kind;
    this.why = why;
    this.exitCode = exitCode;
    this.error = error;
  }

  /** It says that no more is to be begun, and nothing else: where nothing was left to begin, it changes nothing. */
  get mattersOnlyIfWorkIsLeft(): boolean {
    return this.kind !== "error" && this.kind !== "partition-lost";
  }

  /** For an error that ends the run: its code is why. */
  static forError(error: ReuploadError): StopRequest {
    return new StopRequest("error", error.code, error.exitCode, error);
  }
}

/** How work is told to stop, and how it tells that it cannot go on. */
export interface RunStop {
  /** Aborts when nothing new may begin; its reason is the StopRequest. */
  readonly draining: AbortSignal;
  /** Aborts when what is in flight is given up, too. */
  readonly aborting: AbortSignal;
  /** Nothing new begins; what is in flight finishes. */
  drain(request: StopRequest): void;
  /** What is in flight is given up. */
  abort(request: StopRequest): void;
}

/** Why the signal was aborted. @param signal has aborted */
export function readStopRequest({ reason }: AbortSignal): StopRequest {
  return reason instanceof StopRequest ? reason : new StopRequest("control", "request", EXIT.unavailable);
}
