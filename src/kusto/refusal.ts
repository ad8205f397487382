import type { TooMuch } from "./kusto.ts";

/** Why the service gave no answer, or only part of one. */
export type Refusal = (
  | { readonly kind: "too-much"; readonly why: TooMuch }
  /** Asked again, it would say the same. */
  | { readonly kind: "invalid" }
  | { readonly kind: "transient"; readonly throttled: boolean }
) & {
  /** The service's own words. */
  readonly said: string;
  /** For a support case; undefined where the answer names none. */
  readonly requestId?: string | undefined;
};

interface OneApiError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly "@type"?: unknown;
  readonly "@message"?: unknown;
  readonly "@permanent"?: unknown;
  readonly innererror?: { readonly code?: unknown; readonly message?: unknown };
}

/**
 * Codes and native codes of what a smaller query may pass ("Kusto.Data exceptions", "Errors in native code"): the
 * first that fits. Limits come under one code, whichever was passed, so that the native code is looked at first.
 */
const TOO_MUCH: readonly [RegExp, TooMuch][] = [
  [/80DA0003|E_QUERY_RESULT_SET_TOO_LARGE/, "result-too-large"],
  [/80DA0001|E_RUNAWAY_QUERY|80DA0007|E_LOW_MEMORY_CONDITION|LowMemoryCondition/, "out-of-memory"],
  [/RequestExecutionTimeout|KustoServiceTimeoutException/, "timeout"],
  [/LimitsExceeded|KustoRequestPayloadTooLargeException/, "result-too-large"],
];
const THROTTLED = /TooManyRequests|KustoRequestThrottledException/;
const LONGEST_WORDS = 500;

/**
 * @param body the service's `{ error }`: the body of a refused request, or an item of `OneApiErrors`
 * @param isFinal whether it would say the same when asked again, unless it says so itself
 */
export function readRefusal(body: unknown, isFinal: boolean): Refusal {
  const error = errorIn(body);
  const said = describeError(error);
  const marks = [error.code, error["@type"], said].join(" ");
  const tooMuch = TOO_MUCH.find(([mark]) => mark.test(marks));
  if (tooMuch !== undefined) return { kind: "too-much", why: tooMuch[1], said };
  const throttled = THROTTLED.test(marks);
  const permanent = error["@permanent"] ?? isFinal;
  return throttled || permanent !== true ? { kind: "transient", throttled, said } : { kind: "invalid", said };
}

function errorIn(body: unknown): OneApiError {
  const isObject = typeof body === "object" && body !== null;
  return isObject && "error" in body && typeof body.error === "object" && body.error !== null
    ? body.error
    : {};
}

/** The most telling of the service's words, on one line. */
function describeError(error: OneApiError): string {
  const { innererror: inner } = error;
  const innerWords = typeof inner?.message === "string" ? `${text(inner.code)}: ${inner.message}` : undefined;
  const words = innerWords ?? (text(error["@message"]) || text(error.message) || "it says nothing more");
  return words.replaceAll(/\s+/g, " ").trim().slice(0, LONGEST_WORDS);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
