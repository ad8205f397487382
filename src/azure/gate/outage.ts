import { type ErrorCode, ReuploadError } from "../../core/errors.ts";
import type { ServiceAnswer } from "../../core/failure.ts";
import { atTarget } from "../../core/service-codes.ts";
import type { ServiceFailure } from "../wire/service-error.ts";
import { describeAdvice, SignInError } from "../sign-in/token-source.ts";
import type { Moment } from "../../surroundings/surroundings.ts";

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
  readonly since: Moment;
  reason: OutageReason;
  failure: ServiceFailure | undefined;
  probing: boolean;
  /** ms */
  probeDelay: number;
  /** monotonic ms */
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

/** What a gate waits for. */
export interface GateWaiting {
  readonly what: string;
  /** ms since the epoch. */
  readonly since: number;
  readonly advice: string;
  readonly throttled: boolean;
}

/** What is waited for in an outage. @param signInAdvice what helps when nobody is signed in */
export function outageWaiting(
  what: string,
  { since: { wall: since }, reason, failure }: Outage,
  signInAdvice: string,
): GateWaiting {
  if (reason !== "sign-in") return { what, since, advice: outageAdvice(reason, failure), throttled: false };
  const why = failure === undefined ? "" : ` (${failure.said})`;
  return { what: "sign-in", since, advice: `${signInAdvice}${why}`, throttled: false };
}

/** What is done meanwhile, or what helps; with what was last heard. */
function outageAdvice(reason: Exclude<OutageReason, "sign-in">, failure: ServiceFailure | undefined): string {
  if (failure === undefined) return ADVICE[reason];
  const { said, trouble } = failure;
  const advice = reason === "forbidden" && trouble !== undefined ? "it needs another SAS" : ADVICE[reason];
  return `${advice} (${reason === "intercepted" ? said : (trouble ?? said)})`;
}

/**
 * What ends the run when an outage lasts too long.
 *
 * @param now monotonic ms
 * @param signInAdvice what helps when it is the sign-in's
 * @param answersOthers the service itself answered other requests: it may fail at this kind of request alone
 */
export function outageError(
  name: string,
  { reason, since, failure }: Outage,
  now: number,
  signInAdvice: string,
  answersOthers: boolean,
): ReuploadError {
  const minutes = Math.round((now - since.monotonic) / 60_000);
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
      const place = `Something else answers in place of the ${name}`;
      if (!answersOthers) return makeError("unavailable", `${place} ${waited}${cause}`, INTERCEPTED_ADVICE);
      const asked = failure === undefined ? "" : ` when asked to ${failure.operation}`;
      const said = `${place}, or it fails itself,${asked} ${waited}${cause}`;
      return makeError("unavailable", said, `${copyAdvice(failure)}${INTERCEPTED_ADVICE}`);
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

/** A service that cannot read a source itself may be given its bytes. */
function copyAdvice(failure: ServiceFailure | undefined): string {
  return failure?.operation.endsWith(" from url") === true
    ? "Try --transfer stream: the service may fail to copy from these links. "
    : "";
}

/** The sentence's end, with what was last heard. */
function describeCause(failure: ServiceFailure | undefined): string {
  return failure === undefined ? "." : `: ${failure.said}`;
}

/** What is wrong with an essential service as a whole by this "no"; undefined when it is about one blob. */
export function outageInAnswer({ status, errorCode }: ServiceAnswer): OutageReason | undefined {
  const becomes = atTarget(errorCode);
  if (becomes === "gone") return "missing";
  if (becomes === "rights") return "forbidden";
  return becomes === undefined && status === 403 ? "forbidden" : undefined;
}

/** What is known of a service when it fails. */
export interface Heard {
  /** It answered, if only what looked at it before the work. */
  readonly everAnswered: boolean;
  /** It answered since the work began. */
  readonly works: boolean;
}

/**
 * Whether an outage is one in the middle of a run, to be sat out; one at its begin is told soon. Answers to what looked at
 * the service before the work say that it is there, not that it does the work: wrong answers from then on are no outage.
 */
export function isMidRun({ reason, failure }: Outage, { everAnswered, works }: Heard): boolean {
  const isWrongAnswer = reason === "intercepted" || (reason === "failing" && failure?.status !== undefined);
  return isWrongAnswer ? works : everAnswered;
}

/** What helps when nobody is signed in. @param otherwise for a failure that does not say */
export function signInAdviceFor(failure: ServiceFailure | undefined, otherwise: string | undefined): string {
  const { cause } = failure ?? {};
  return cause instanceof SignInError ? cause.advice : (otherwise ?? NO_SIGN_IN_ADVICE);
}

/** Only a key or a SAS can be refused without a sign-in that knows better. */
const NO_SIGN_IN_ADVICE = "check the account's key or SAS";

const TIMEOUT_STATUSES: ReadonlySet<number | undefined> = new Set([408, 504]);

/** The service, or the way to it, was too slow. */
export function isTimeout({ timedOut, status, errorCode }: ServiceAnswer): boolean {
  return timedOut === true || TIMEOUT_STATUSES.has(status) || errorCode === "OperationTimedOut";
}
