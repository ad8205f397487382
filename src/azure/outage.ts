import { ReuploadError } from "../core/errors.ts";
import type { ServiceAnswer } from "../core/failure.ts";
import type { ServiceFailure } from "./service-error.ts";
import { hintOf } from "./sign-in/token-source.ts";

/** `missing`: the container or the queue was there and is gone. */
export type OutageReason = "unreachable" | "overloaded" | "failing" | "forbidden" | "missing" | "sign-in";

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

export const OUTAGE_ADVICE: Readonly<Record<Exclude<OutageReason, "sign-in">, string>> = {
  unreachable: "it is asked again until it answers",
  overloaded: "it is asked again until it answers",
  failing: "it is asked again until it answers",
  forbidden: "give this sign-in its roles back",
  missing: "make its container and queue again",
};

/** What ends the run when an outage lasts too long. @param signInAdvice what helps when it is the sign-in's */
export function outageError(
  name: string,
  { reason, since, failure }: Outage,
  signInAdvice: string,
): ReuploadError {
  const minutes = Math.round((Date.now() - since) / 60_000);
  const waited = `(waited ${minutes < 1 ? "under a minute" : `${minutes} min`})`;
  switch (reason) {
    case "sign-in": {
      const why = failure === undefined ? "." : `: ${failure.said}`;
      return new ReuploadError("sign-in", `Nobody is signed in to reach the ${name} ${waited}${why}`, {
        advice: hintOf(signInAdvice),
        cause: failure,
      });
    }
    case "forbidden":
      return new ReuploadError("permission", `The ${name} refuses every request ${waited}.`);
    case "missing":
      return new ReuploadError("unavailable", `The ${name} has lost its container or queue ${waited}.`);
    case "unreachable":
    case "overloaded":
    case "failing":
      return new ReuploadError(
        "unavailable",
        `The ${name} does not answer ${waited}${failure === undefined ? "." : `: ${failure.said}`}`,
        { cause: failure },
      );
  }
}

const TIMEOUT_STATUSES: ReadonlySet<number | undefined> = new Set([408, 504]);

/** The service, or the way to it, was too slow. */
export function isTimeout({ timedOut, status, errorCode }: ServiceAnswer): boolean {
  return timedOut === true || TIMEOUT_STATUSES.has(status) || errorCode === "OperationTimedOut";
}
