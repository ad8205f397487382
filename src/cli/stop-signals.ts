import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { printLine } from "./io.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/**
 * How the operator stops a command: the first signal drains, the second, or the end of the grace time, aborts; one more
 * ends the process as it would any other.
 */
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
  const dispose = (): void => {
    endGrace();
    for (const { name, listener } of listeners) process.off(name, listener);
  };
  const give = (why: string) => {
    if (abort.signal.aborted) return;
    onStop("abort", why);
    abort.abort(new Error(`stopped by ${why}`));
  };
  const listeners = Object.entries(SIGNALS).map(([name, why]) => {
    const listener = () => {
      if (abort.signal.aborted) {
        // Whatever does not end by itself: the signal does what it does to any process.
        dispose();
        process.kill(process.pid, name);
        return;
      }
      if (first !== undefined) return give(why);
      first = { why, exitCode: name === "SIGINT" ? EXIT.interrupted : EXIT.terminated };
      onStop("drain", why);
      drain.abort(new Error(`stopped by ${why}`));
      endGrace = REAL_SURROUNDINGS.after(graceMs, () => give("the end of the grace time"), {
        background: true,
      });
    };
    process.on(name, listener);
    return { name, listener };
  });
  return {
    drain: drain.signal,
    abort: abort.signal,
    stoppedBy: () => first,
    dispose,
  };
}

/** Whether this was thrown because of a stop. */
export function isStop(thrown: unknown, { drain, abort }: Pick<StopSignals, "drain" | "abort">): boolean {
  return (
    thrown === drain.reason || thrown === abort.reason || (thrown as Error | null)?.name === "AbortError"
  );
}

/** How long a command that was stopped may still take to end, once it has told everything, ms. */
const LINGER_MS = 5_000;

/**
 * Ends the process of a command that was stopped, when something that cannot be ended (a pipe that nobody writes to)
 * keeps it alive. Does nothing unless a signal gave the exit code.
 */
export function endLingering(exitCode: ExitCode): void {
  const signal = readSignal(exitCode);
  if (signal !== undefined) setTimeout(() => process.kill(process.pid, signal), LINGER_MS).unref();
}

function readSignal(exitCode: ExitCode | undefined): NodeJS.Signals | undefined {
  if (exitCode === EXIT.interrupted) return "SIGINT";
  return exitCode === EXIT.terminated ? "SIGTERM" : undefined;
}

/**
 * Has a signal end a command that only reads, at once, with a line that says what is left. The signal then does what
 * it does to any process: a read of a pipe cannot be ended otherwise.
 *
 * @param left such as `nothing is written`
 * @returns ends that
 */
export function endAtSignal(stderr: Pick<NodeJS.WriteStream, "write">, left: string): () => void {
  const stop = listenForStop(0, (step, why) => {
    if (step === "drain") printLine(stderr, `${why}: stopped, ${left}`);
  });
  const end = (): void => {
    stop.dispose();
    process.kill(process.pid, readSignal(stop.stoppedBy()?.exitCode) ?? "SIGTERM");
  };
  stop.drain.addEventListener("abort", end, { once: true });
  return stop.dispose;
}
