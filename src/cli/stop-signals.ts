/**
 * How the operator stops a command from outside: the first signal drains, the second aborts, one more ends the process as
 * it would any other.
 */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { StopRequest } from "../core/stop-request.ts";
import { RunControl } from "../job/run-control.ts";
import { type Io, printLine } from "../terminal/io.ts";

const SIGNALS = { SIGINT: "Ctrl+C", SIGTERM: "SIGTERM", SIGHUP: "a closed terminal" } as const;

/**
 * Has the process's signals reach the control.
 *
 * @returns stops listening; the process's own behaviour is back
 */
export function listenForSignals(control: RunControl): () => void {
  const dispose = (): void => {
    for (const { name, listener } of listeners) process.off(name, listener);
  };
  const listeners = Object.entries(SIGNALS).map(([name, why]) => {
    const listener = (): void => {
      const exitCode = name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
      const request = new StopRequest("signal", why, exitCode);
      if (control.aborting.aborted) {
        // Whatever does not end by itself: the signal does what it does to any process.
        dispose();
        process.kill(process.pid, name);
      } else if (control.draining.aborted) control.abort(request);
      else control.drain(request);
    };
    process.on(name, listener);
    return { name, listener };
  });
  return dispose;
}

/** How a command that is no run is stopped: the first signal ends it. */
export interface StopSignals {
  readonly control: RunControl;
  /** Aborts at the first signal; its reason is the StopRequest. */
  readonly signal: AbortSignal;
  readonly dispose: () => void;
}

/** @param onStop told once, at the first signal @param graceMs how long the end of what it does may take, ms */
export function listenForStop(
  { surroundings }: Pick<Io, "surroundings">,
  onStop: (why: string) => void = () => {},
  graceMs = 0,
): StopSignals {
  const control = new RunControl(surroundings, graceMs);
  control.listen({
    onState(state, why) {
      if (state === "draining" && why !== undefined) onStop(why);
    },
  });
  const endListening = listenForSignals(control);
  const dispose = (): void => {
    endListening();
    control.end();
  };
  return { control, signal: control.draining, dispose };
}

/** Whether this was thrown because of a stop. */
export function isStop(thrown: unknown): boolean {
  return thrown instanceof StopRequest || (thrown as Error | null)?.name === "AbortError";
}

/** How long a command that was stopped may still take to end, once it has told everything, ms. */
const LINGER_MS = 5_000;

/**
 * Ends the process of a command that was stopped, when something that cannot be ended (a pipe that nobody writes to)
 * keeps it alive. Does nothing unless a signal gave the exit code.
 */
export function endLingering(exitCode: ExitCode, { surroundings }: Pick<Io, "surroundings">): void {
  const signal = readSignal(exitCode);
  if (signal === undefined) return;
  surroundings.after(LINGER_MS, () => process.kill(process.pid, signal), { background: true });
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
export function endAtSignal(io: Pick<Io, "stderr" | "surroundings">, left: string): () => void {
  const stop = listenForStop(io, (why) => printLine(io.stderr, `${why}: stopped, ${left}`));
  const end = (): void => {
    const signal = readSignal(stop.control.stopRequest?.exitCode) ?? "SIGTERM";
    stop.dispose();
    process.kill(process.pid, signal);
  };
  stop.signal.addEventListener("abort", end, { once: true });
  return stop.dispose;
}
