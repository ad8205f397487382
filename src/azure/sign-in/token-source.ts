import type { AccessToken } from "@azure/identity";
import { errorMessageText } from "../../core/errors.ts";
import { redact } from "../../core/secret.ts";

/** What a token is asked for. */
export interface TokenRequest {
  /** Such as `https://storage.azure.com/.default`. */
  readonly scope: string;
  /** Another tenant than the source's own: the one that the service named. */
  readonly tenantId?: string | undefined;
  /** Claims that the service wants to see in the next token, as JSON. */
  readonly claims?: string | undefined;
  /** The last token was refused: one out of a cache will not do. */
  readonly fresh: boolean;
}

/** One way to get tokens: a program, a service of the machine, variables, a person. */
export interface TokenSource {
  /** As in messages: `az`, `managed identity`. */
  readonly way: string;
  /** What the operator can do when its tokens are refused: "run `az login`". */
  readonly advice: string;
  /** Gets a token, without keeping it. @throws SignInError */
  ask(request: TokenRequest): Promise<AccessToken>;
  /** Told once, when a service has taken one of its tokens. */
  accepted?(): void;
}

/** No token could be had: why, in the source's own words, and what the operator can do. */
export class SignInError extends Error {
  readonly advice: string;
  /** This way does not exist here, or nobody is signed in by it: another way may do. */
  readonly isUnavailable: boolean;

  constructor(
    message: string,
    advice: string,
    options: { readonly isUnavailable: boolean; readonly cause?: unknown },
  ) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SignInError";
    this.advice = advice;
    this.isUnavailable = options.isUnavailable;
  }
}

/** The advice as an error's second line: "Run `az login`, then run the command again." */
export function describeAdvice(advice: string): string {
  return `${advice.charAt(0).toUpperCase()}${advice.slice(1)}, then run the command again.`;
}

/** Whether it can be sent in a header: a text without blanks. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** What a credential gave, held to what a token is. @throws Error in words for what cannot be one */
export function checkedToken(given: AccessToken | null): AccessToken {
  if (given === null) throw new Error("no token was given");
  const { token, expiresOnTimestamp } = given as { token: unknown; expiresOnTimestamp: unknown };
  if (!isToken(token)) {
    throw new Error("what was given is no token: it is not a text without blanks");
  }
  if (typeof expiresOnTimestamp !== "number" || Number.isNaN(expiresOnTimestamp)) {
    throw new Error("what was given is no token: it does not say when it ends");
  }
  return given;
}

const LONGEST_REASON = 300;

/** Why there is no token, in one line: the sign-in service's code and sentence when it gave one. */
export function describeReason(thrown: unknown): string {
  // The details stand behind this sentence, where there are any.
  const line = errorMessageText(thrown)
    .replaceAll(/To troubleshoot, visit \S+/gi, "")
    .replace(/\s+/g, " ")
    .trim();
  // A parser's words show a part of what it read: of a token, too.
  if (/\b(?:valid JSON|in JSON|JSON input)\b/.test(line)) return "its answer is not whole, or no JSON";
  const entra = /AADSTS\d+:.*/.exec(line)?.[0] ?? line;
  return redact(entra)
    .replace(/ ?(?:Trace ID:|See the troubleshooting guide|Interactive authentication is needed).*$/i, "")
    .slice(0, LONGEST_REASON);
}
