import type { Pacer } from "./pacer.ts";

/** Holds attempts back at the operator's word. */
export interface Brake {
  /** Waits until one more attempt may be made; undefined when it may at once. @throws the signal's reason */
  pass(signal: AbortSignal): Promise<void> | undefined;
}

/** Holds the requests to a service back. */
export interface RequestBrake extends Brake {
  /** Lets one request pass that need not be made, when none waits and it may at once. @returns whether it may */
  passAtOnce(): boolean;
}

/** A brake that lets each request pass at the pacer's turn. */
export function requestBrake(pacer: Pacer): RequestBrake {
  return { pass: (signal) => pacer.pass(1, signal), passAtOnce: () => pacer.passAtOnce(1) };
}

/**
 * Passes one brake after the other, for as long as that is wanted.
 *
 * @param isWanted asked before each brake
 * @returns settles behind the last one; undefined when none holds it. @throws the signal's reason
 */
export function passAll(
  brakes: readonly Brake[],
  signal: AbortSignal,
  isWanted: () => boolean,
  first = 0,
): Promise<void> | undefined {
  for (let at = first; at < brakes.length && isWanted(); at++) {
    const held = brakes[at]?.pass(signal);
    if (held !== undefined) return held.then(() => passAll(brakes, signal, isWanted, at + 1));
  }
  return undefined;
}
