import {
  type HttpOperationResponse,
  type RequestPolicyOptions,
  StorageSharedKeyCredential,
  type WebResource,
} from "@azure/storage-blob";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WireRequest } from "../../../src/azure/wire/exchange.ts";
import { SharedKey } from "../../../src/azure/wire/shared-key.ts";
import { Secret } from "../../../src/core/secret.ts";

/** Holds our signature of the request against the one of the SDK, and gives it. */
async function bothSign(account: string, key: string, request: WireRequest): Promise<string | undefined> {
  const values = new Map<string, string>();
  for (let at = 0; at < request.headers.length; at += 2) {
    values.set(request.headers[at] ?? "", request.headers[at + 1] ?? "");
  }
  const headers = {
    get: (name: string) => values.get(name.toLowerCase()),
    set: (name: string, value: string | number) => void values.set(name.toLowerCase(), String(value)),
    headersArray: () => [...values].map(([name, value]) => ({ name, value })),
  };
  const { method, origin, path, body } = request;
  const web = { method, url: origin + path, body, headers } as unknown as WebResource;
  const answered = { sendRequest: async () => ({}) as HttpOperationResponse };
  await new StorageSharedKeyCredential(account, key)
    .create(answered, {} as RequestPolicyOptions)
    .sendRequest(web);
  const bySdk = values.get("authorization");
  // It dates the request itself.
  const dated = { ...request, headers: [...request.headers, "x-ms-date", values.get("x-ms-date") ?? ""] };
  expect(new SharedKey(account, new Secret(key)).authorizationFor(dated)).toBe(bySdk);
  return bySdk;
}

const header = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const identifier = fc.stringMatching(/^[a-z_][a-z0-9_]{0,12}$/);
const segment = fc.string({ unit: "grapheme", maxLength: 12 }).map(encodeURIComponent);
const names = [
  "content-type",
  "content-md5",
  "if-match",
  "if-none-match",
  "x-ms-blob-type",
  "x-ms-blob-content-type",
  "x-ms-blob-content-md5",
  "x-ms-copy-source",
  "x-ms-copy-source-authorization",
  "x-ms-copy-source-blob-properties",
  "x-ms-range",
  "x-ms-source-content-md5",
  "x-ms-source-if-match",
  "x-ms-source-range",
  "x-ms-version",
];

const requests: fc.Arbitrary<WireRequest> = fc
  .record({
    method: fc.constantFrom("GET" as const, "HEAD" as const, "PUT" as const, "POST" as const),
    emulated: fc.boolean(),
    segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
    query: fc.uniqueArray(fc.tuple(identifier, segment), { selector: ([name]) => name, maxLength: 4 }),
    known: fc.dictionary(fc.constantFrom(...names), header),
    metadata: fc.dictionary(identifier, header, { maxKeys: 5 }),
    body: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  })
  .map(({ method, emulated, segments, query, known, metadata, body }) => ({
    method,
    origin: "http://127.0.0.1:10000",
    path: new URL(
      `http://h${emulated ? "/account" : ""}/${segments.join("/")}${query.length > 0 ? "?" : ""}${query
        .map((pair) => pair.join("="))
        .join("&")}`,
    ).href.slice("http://h".length),
    headers: [
      ...Object.entries(known).flat(),
      ...Object.entries(metadata).flatMap(([name, value]) => [`x-ms-meta-${name}`, value]),
    ],
    body: body === undefined ? undefined : Buffer.from(body),
  }));

describe("a signature by the account's key", () => {
  it("is the SDK's own, for any request", async () => {
    await fc.assert(
      fc.asyncProperty(requests, fc.base64String({ minLength: 4 }), async (request, key) => {
        expect(await bothSign("account", key, request)).toMatch(/^SharedKey account:[A-Za-z0-9+/]{43}=$/);
      }),
      { numRuns: 100 },
    );
  });

  it("knows where the service puts an underscore", async () => {
    const headers = ["x-ms-meta-a1", "1", "x-ms-meta-a_", "2", "x-ms-meta-ab", "3", "x-ms-meta-a", "4"];
    const request = { method: "PUT" as const, origin: "https://a.example", path: "/c/b", headers };
    expect(await bothSign("account", "a2V5", request)).toBeDefined();
  });
});
