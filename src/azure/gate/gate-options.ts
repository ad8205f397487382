import type { GateSignIn } from "../sign-in/sign-in.ts";
import type { RequestBrake } from "./brake.ts";
import type { OnRateChange } from "./learned-rate.ts";

/** How one service is waited for. */
export interface GateOptions {
  /** How long an outage is sat out (`--max-wait`), ms. */
  readonly maxWaitMs: number;
  /** The same for a service that never answered in this run, ms. */
  readonly maxFirstWaitMs: number;
  /** The longest Retry-After that is believed, ms. */
  readonly longestPauseMs: number;
  readonly firstProbeDelayMs: number;
  readonly longestProbeDelayMs: number;
  /**
   * The run cannot go on without this service (the target, its queue). One that it can go on without (a source
   * account) refuses by link, so that a 403 is the link's; and while it never answered, the outage is charged to the
   * requests: a link to a host that does not exist must not stop the run.
   */
  readonly essential: boolean;
  /** Its requests are few and large (queries), so that the failures of one in a row are the service's. */
  readonly fewRequests?: boolean;
  /** The sign-in that its requests need; undefined when a key or a SAS signs them. */
  readonly signIn?: GateSignIn | undefined;
  /** What the operator allows; passed one after the other before each attempt. */
  readonly brakes?: readonly RequestBrake[];
  /** Told when the rate that the service takes is learned anew. */
  readonly onRateChange?: OnRateChange;
}

/** Of the target account. */
export const GATE_DEFAULTS: GateOptions = {
  maxWaitMs: 6 * 3_600_000,
  maxFirstWaitMs: 30_000,
  longestPauseMs: 5 * 60_000,
  firstProbeDelayMs: 1_000,
  longestProbeDelayMs: 15_000,
  essential: true,
};
