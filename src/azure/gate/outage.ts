import { type ErrorCode, ReuploadError } from "../../core/errors.ts";
import type { ServiceAnswer } from "../../core/failure.ts";
import type { ServiceFailure } from "../wire/service-error.ts";
import { describeAdvice } from "../sign-in/token-source.ts";

/**
 * `missing`: the container or the queue was there and is gone; `intercepted`: something else answers in its place;
 * `clock`: it refuses the time of this machine.
 */
export type OutageReason =
  | "unreachable"
  | "overloaded"
  | "failing"
  | "intercepted"
  | "clock"
  | "forbidden"
  | "missing"
  | "sign-in";

/** A service as a whole seems gone. */
export interface Outage {
  /** ms since the epoch */
  readonly since: number;
  reason: OutageReason;
  failure: ServiceFailure | undefined;
  probing: boolean;
  probeDelay: number;
  nextProbeAt: number;
}

const ADVICE: Readonly<Record<Exclude<OutageReason, "sign-in">, string>> = {
  unreachable: "reupload tries again until it answers",
  overloaded: "reupload tries again until it answers",
  failing: "reupload tries again until it answers",
  intercepted: "reupload tries again until the service itself answers",
  clock: "set the clock of this machine",
  forbidden: "give this sign-in its roles again",
  missing: "create its container and queue again",
};

/** What is done meanwhile, or what helps; with what was last heard. */
export function outageAdvice(
  reason: Exclude<OutageReason, "sign-in">,
  failure: ServiceFailure | undefined,
): string {
  if (failure === undefined) return ADVICE[reason];
  const { said, trouble } = failure;
  const advice = reason === "forbidden" && trouble !== undefined ? "it needs another SAS" : ADVICE[reason];
  return `${advice} (${reason === "intercepted" ? said : (trouble ?? said)})`;
}

/**
 * What ends the run when an outage lasts too long.
 *
 * @param now ms since the epoch
 * @param signInAdvice what helps when it is the sign-in's
 */
export function outageError(
  name: string,
  { reason, since, failure }: Outage,
  now: number,
  signInAdvice: string,
): ReuploadError {
  const minutes = Math.round((now - since) / 60_000);
  const waited = `(waited ${minutes < 1 ? "under a minute" : `${minutes} min`})`;
  const cause = describeCause(failure);
  const makeError = (code: ErrorCode, said: string, advice?: string): ReuploadError =>
    new ReuploadError(code, said, { ...(advice !== undefined && { advice }), cause: failure });
  switch (reason) {
    case "sign-in": {
      const said = `Nobody is signed in to reach the ${name} ${waited}${cause}`;
      return makeError("sign-in", said, describeAdvice(signInAdvice));
    }
    case "forbidden": {
      const isSas = failure?.trouble !== undefined;
      return makeError(
        "permission",
        `The ${name} refuses every request ${waited}${cause}`,
        isSas ? SAS_ADVICE : undefined,
      );
    }
    case "missing":
      return makeError("unavailable", `The container or queue of the ${name} no longer exists ${waited}.`);
    case "intercepted": {
      const said = `Something else answers in place of the ${name} ${waited}${cause}`;
      return makeError("unavailable", said, INTERCEPTED_ADVICE);
    }
    case "clock":
      return makeError("unavailable", `The ${name} refuses every request ${waited}${cause}`, CLOCK_ADVICE);
    case "unreachable":
    case "overloaded":
    case "failing":
      return makeError("unavailable", `The ${name} does not answer ${waited}${cause}`);
  }
}

const SAS_ADVICE = "Set AZURE_STORAGE_SAS_TOKEN to a SAS that is valid long enough, then run again.";
const CLOCK_ADVICE = "Set the clock of this machine, then run again, with --resume if there is a state.";
const INTERCEPTED_ADVICE =
  "Check for a proxy, a captive portal or a firewall in between (curl -v shows it). Then run again, with --resume if there is a state.";

/** The sentence's end, with what was last heard. */
function describeCause(failure: ServiceFailure | undefined): string {
  return failure === undefined ? "." : `: ${failure.said}`;
}

const TIMEOUT_STATUSES: ReadonlySet<number | undefined> = new Set([408, 504]);

/** The service, or the way to it, was too slow. */
export function isTimeout({ timedOut, status, errorCode }: ServiceAnswer): boolean {
  return timedOut === true || TIMEOUT_STATUSES.has(status) || errorCode === "OperationTimedOut";
}
