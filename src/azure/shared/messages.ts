/** What a thread and the main thread say to each other about limits; all of it can be cloned. */
import type { AccessToken } from "@azure/identity";
import type { OutageReason } from "../gate/outage.ts";
import type { TokenRequest } from "../sign-in/token-source.ts";
import type { ErrorData, FailureData } from "./error-data.ts";

/** One gate as a thread knows it. */
export interface GateFacts {
  /** The main thread's number of it. */
  readonly id: number;
  readonly name: string;
  readonly isEssential: boolean;
  /** The longest Retry-After that is believed, ms. */
  readonly longestPauseMs: number;
  /** Of a `GateMemory`. */
  readonly memory: SharedArrayBuffer;
}

/** The sign-in as a thread knows it. */
export interface SignInFacts {
  readonly way: string;
  readonly advice: string;
  readonly isTenantFixed: boolean;
}

/** How an attempt of a thread ended. */
export type Outcome =
  | { readonly kind: "answered" }
  | { readonly kind: "abandoned" }
  | { readonly kind: "throttled"; readonly retryAfterMs: number | undefined }
  | { readonly kind: "failed"; readonly reason: OutageReason; readonly failure: FailureData | undefined };

/** What is asked; each has an answer. */
export type Question =
  /** A turn at a gate that is down: its probe, or what follows. @see Gate.enter */
  | { readonly what: "enter"; readonly gate: number; readonly request: number }
  /** The gate of a source account. */
  | { readonly what: "source"; readonly url: string }
  | {
      readonly what: "token";
      readonly request: TokenRequest;
      /** The token that the thread has: a service refused it (`request.fresh`), or it is to be renewed. */
      readonly old: string | undefined;
    }
  /** An attempt ended that the main thread let pass. */
  | { readonly what: "passed"; readonly enter: number; readonly outcome: Outcome }
  /** An attempt went wrong that the thread let pass itself. */
  | {
      readonly what: "told";
      readonly gate: number;
      readonly request: number;
      /** monotonic ms */
      readonly sentAt: number;
      /** The shared count of answers by then. */
      readonly answered: number;
      readonly outcome: Extract<Outcome, { readonly kind: "throttled" | "failed" }>;
    };

/** The value in the answer to each question. */
export interface Answers {
  enter: true;
  source: GateFacts;
  token: AccessToken;
  passed: true;
  told: true;
}

export type FromThread =
  | { readonly what: "ask"; readonly call: number; readonly question: Question }
  /** The answer is not wanted any more. */
  | { readonly what: "leave"; readonly call: number }
  /** A service has taken a token. */
  | { readonly what: "accepted" };

export type ToThread =
  | { readonly call: number; readonly value: Answers[keyof Answers] }
  | { readonly call: number; readonly error: ErrorData };
