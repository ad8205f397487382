import type { ServiceAnswer } from "../../core/failure.ts";
import type { HedgeBudget } from "../attempts/hedge-budget.ts";
import type { OutageReason } from "./outage.ts";
import type { ServiceFailure } from "../wire/service-error.ts";

/**
 * The right to make one attempt; exactly one of these is called when it ended. What is judged elsewhere gives a promise,
 * which settles (it never rejects) when the gate knows what follows; else it knows at once.
 */
export interface GatePass {
  /** The service answered, if only with "no": it is there. */
  answered(): void;
  throttled(retryAfterMs: number | undefined): Promise<void> | undefined;
  /** @param failure what the service said, that nothing came in time, or why there was no token */
  failed(reason: OutageReason, failure?: ServiceFailure): Promise<void> | undefined;
  /** The attempt was given up by us. */
  abandoned(): void;
}

/**
 * What an attempt needs of the gate of one service (the target account, its queue, a source account): every attempt
 * passes it.
 *
 * `ServiceGate` is the judge: it learns the rate, knows pauses and outages, and lets probes pass. A process has one of
 * them for each service, in its main thread. Another thread has a `RemoteGate`, which keeps to what the judge has
 * found and tells it how its own attempts went.
 */
export interface Gate {
  /** As in messages: `target account.blob.core.windows.net`. */
  readonly name: string;
  /** The run cannot go on without this service. */
  readonly isEssential: boolean;
  /** The service as a whole seems gone; what failed meanwhile is not charged to a request. */
  readonly isDown: boolean;
  /** The budget of second requests, where threads share it. */
  readonly hedges?: HedgeBudget | undefined;
  /** What an attempt needs before its clocks run: a token. undefined when it is at hand. @throws SignInError */
  ready(signal: AbortSignal): Promise<unknown> | undefined;
  /** What is wrong with the service as a whole by this "no"; undefined when it is about one blob. */
  outageIn(answer: ServiceAnswer): OutageReason | undefined;
  /**
   * Waits until an attempt may start; gives the pass at once when nothing holds it. It must be given back by one of its
   * methods.
   *
   * @param request identity of the request, the same for all its attempts (one of another thread has a name)
   * @throws ReuploadError `unavailable`, `sign-in` or `permission` when the outage lasts too long (ServiceFailure for
   * a source that never answered); the signal's reason
   */
  enter(request: object, signal: AbortSignal): GatePass | Promise<GatePass>;
  /**
   * A pass for a request that need not be made: undefined unless the gate is open and neither the service's rate nor a
   * brake holds requests back.
   *
   * @param request as for `enter`
   */
  enterAtOnce(request: object): GatePass | undefined;
}
