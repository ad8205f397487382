import type { Exchange } from "./exchange.ts";
import { textsOf } from "./xml.ts";

/** A request that the service answered with "no": in the form of the SDK's errors, so that one place reads both. */
export class RefusedRequest extends Error {
  readonly statusCode: number;
  /** The service's own: `BlobAlreadyExists`. */
  readonly code: string | undefined;
  readonly response: { readonly headers: { get(name: string): string | undefined } };

  /** @param body XML that holds the code and the service's words; empty after a HEAD */
  constructor(exchange: Exchange, body: string) {
    super(textsOf(body, "Message")[0] ?? "");
    this.name = "RefusedRequest";
    this.statusCode = exchange.status;
    this.code = exchange.header("x-ms-error-code") ?? textsOf(body, "Code")[0];
    this.response = { headers: { get: (name) => exchange.header(name) } };
  }
}
