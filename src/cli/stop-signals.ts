import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { later } from "../core/later.ts";

/** How the operator stops a command: the first signal drains, the second, or the end of the grace time, aborts. */
export interface StopSignals {
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
  /** The signal that came first, and the exit code it gives; undefined while none came. */
  readonly stoppedBy: () => { readonly why: string; readonly exitCode: ExitCode } | undefined;
  /** Stops listening; the process's own behaviour is back. */
  readonly dispose: () => void;
}

const SIGNALS = { SIGINT: "Ctrl+C", SIGTERM: "SIGTERM", SIGHUP: "a closed terminal" } as const;

/**
 * @param onStop told once for the first signal and once for the second, to say so
 */
export function listenForStop(
  graceMs: number,
  onStop: (step: "drain" | "abort", why: string) => void,
): StopSignals {
  const drain = new AbortController();
  const abort = new AbortController();
  let first: { why: string; exitCode: ExitCode } | undefined;
  let endGrace = (): void => {};
  const give = (why: string) => {
    if (abort.signal.aborted) return;
    onStop("abort", why);
    abort.abort(new Error(`stopped by ${why}`));
  };
  const listeners = Object.entries(SIGNALS).map(([name, why]) => {
    const listener = () => {
      if (first !== undefined) return give(why);
      first = { why, exitCode: name === "SIGINT" ? EXIT.interrupted : EXIT.terminated };
      onStop("drain", why);
      drain.abort(new Error(`stopped by ${why}`));
      endGrace = later(graceMs, () => give("the end of the grace time"), { keepsAlive: false });
    };
    process.on(name, listener);
    return { name, listener };
  });
  return {
    drain: drain.signal,
    abort: abort.signal,
    stoppedBy: () => first,
    dispose: () => {
      endGrace();
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}
