import type { Operation, RequestParts, Service } from "./operations.ts";

/** What happens to a request that a rule matches. */
export type Fault =
  /** Answered by the proxy, never forwarded. `errorCode` also makes the XML body that the service would send. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly errorCode?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The test does what the service would, and gives the headers of its answer; never forwarded. */
  | {
      readonly kind: "instead";
      readonly status: number;
      readonly work: (request: {
        /** Path and query. */
        readonly url: string;
        readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      }) => Promise<Readonly<Record<string, string>>>;
    }
  /** Answered with a web page by something in between, never forwarded; without any header of the service's. */
  | { readonly kind: "page"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Read and never answered, never forwarded. */
  | { readonly kind: "hang" }
  /** The connection is reset before anything is forwarded. */
  | { readonly kind: "reset-before" }
  /** Forwarded and carried out; the connection is reset in place of the answer (the lost answer). */
  | { readonly kind: "reset-after" }
  /** Forwarded and carried out; no answer comes. */
  | { readonly kind: "hang-after" }
  /** Forwarded when the promise settles: a gate that the test opens. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** Forwarded; the answer's body comes in pieces of so many bytes, with a pause between them. */
  | { readonly kind: "slow-body"; readonly pieceBytes: number; readonly pauseMs: number }
  /** Forwarded; after so many bytes (at least 1) of the answer's body the connection is closed. */
  | { readonly kind: "cut-body"; readonly afterBytes: number }
  /** Forwarded; after so many bytes (at least 1) of the answer's body nothing more comes. */
  | { readonly kind: "stall-body"; readonly afterBytes: number };

/** A request as rules see it. */
export interface MatchedRequest extends RequestParts {
  readonly operation: Operation;
  /** The path without account and leading slash, decoded: `container/blob name`. */
  readonly name: string;
}

/** Which requests meet the fault: those that match everything given. */
export interface FaultRule {
  readonly fault: Fault;
  readonly service?: Service;
  readonly operation?: Operation | readonly Operation[];
  readonly method?: string;
  /** The name, or a pattern that it matches. */
  readonly name?: string | RegExp;
  /** Query parameters with these values. */
  readonly query?: Readonly<Record<string, string>>;
  readonly when?: (request: MatchedRequest) => boolean;
  /** So many matching requests pass before the first fault. Default 0. */
  readonly skip?: number;
  /** How many requests meet it. Default: all. */
  readonly times?: number;
}

/** Whether the request matches everything the rule gives. */
export function matches(rule: FaultRule, request: MatchedRequest): boolean {
  if (rule.service !== undefined && rule.service !== request.service) return false;
  if (rule.method !== undefined && rule.method !== request.method) return false;
  if (rule.operation !== undefined && ![rule.operation].flat().includes(request.operation)) return false;
  if (typeof rule.name === "string" && rule.name !== request.name) return false;
  if (rule.name instanceof RegExp && !rule.name.test(request.name)) return false;
  if (Object.entries(rule.query ?? {}).some(([key, value]) => request.query.get(key) !== value)) return false;
  return rule.when?.(request) ?? true;
}
