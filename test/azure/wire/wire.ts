/** What counts of a request on the wire, to hold ours against the SDK's. */
import { expect } from "vitest";
import type { StorageAccount } from "../../../src/azure/account.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { StubRequest, StubServer } from "../../support/stub-server.ts";

/** The SDK names itself and numbers its requests, dates and signs them, and gives types to what has none. */
const OWN_AFFAIRS = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-length",
  "host",
  "transfer-encoding",
  "user-agent",
  "x-ms-client-request-id",
  "x-ms-date",
]);

/** A request without what may differ; texts of XML without the space between the elements. */
export function essence({ method, url, headers, body }: StubRequest) {
  const { pathname, searchParams } = new URL(url, "http://stub");
  // How long the service may take; 30 s, which the SDK asks for with messages, is what it does anyway.
  searchParams.delete("timeout");
  expect(headers["content-length"] ?? "0").toBe(String(body.length));
  const kept = Object.entries(headers).filter(
    // "Some bytes" is what a body is without a type, too.
    ([key, value]) => !OWN_AFFAIRS.has(key) && value !== "application/octet-stream",
  );
  return {
    method,
    pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(kept),
    body: body.toString().replaceAll(/<\?xml.*?\?>|\s+(?=<)/g, ""),
  };
}

/** An account whose services the stub is, signed in to by key. */
export function accountAt(stub: StubServer): StorageAccount {
  return {
    blobEndpoint: `${stub.url}/account`,
    queueEndpoint: `${stub.url}/account`,
    credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
  };
}
