/** How far the time of a request signed with a key may be from the service's, ms. */
const TOLERATED_MS = 15 * 60_000;
/** The service writes its time in whole seconds, and the answer was under way for some time. */
const UNSURE_MS = 60_000;

/** The service's words when the time that a request names is not near its own. */
const TIME_REFUSED =
  /request date header (?:too old|is in the future)|not within the (?:allowed|permitted) time/i;

/** A "no" to a request, as far as it tells about time. */
export interface RefusedTime {
  readonly status: number;
  readonly errorCode: string | undefined;
  /** All that the service said, `AuthenticationErrorDetail` with it. */
  readonly said: string;
  /** `Date` of the answer. */
  readonly date: string | undefined;
  /** The request was signed with the account's key, together with its time. */
  readonly isDated: boolean;
}

/**
 * What is wrong with this machine's clock, in words, when the service refused the request for its time; undefined when it
 * refused it for something else.
 *
 * @param now ms since the epoch
 */
export function clockTrouble(
  { status, errorCode, said, date, isDated }: RefusedTime,
  now: number,
): string | undefined {
  if (status !== 403 && status !== 400) return undefined;
  const aheadMs = now - Date.parse(date ?? "");
  // What is refused for its time has no code of its own, but no other one either.
  const isUnknown = isDated && status === 403 && errorCode === "AuthenticationFailed";
  const isFarOff = isUnknown && Math.abs(aheadMs) > TOLERATED_MS - UNSURE_MS;
  if (!TIME_REFUSED.test(said) && !isFarOff) return undefined;
  if (!(Math.abs(aheadMs) >= UNSURE_MS)) return "the clock of this machine differs from the service's clock";
  return `the clock of this machine is ${minutesText(aheadMs)} ${aheadMs < 0 ? "behind" : "ahead of"} the service's clock`;
}

function minutesText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
