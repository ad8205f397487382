import { describe, expect, it, onTestFinished } from "vitest";
import type { AccountCredential, StorageAccount } from "../../src/azure/account.ts";
import { AttemptClock } from "../../src/azure/attempts/attempt-clock.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import { DEFAULT_ATTRIBUTES } from "../../src/core/blob-attributes.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { Secret } from "../../src/core/secret.ts";
import { thrownBy } from "../azure/support.ts";
import { LEARNERS } from "../support/carried.ts";
import {
  asStorage,
  startStub,
  type StubAnswer,
  type StubRequest,
  type StubServer,
} from "../support/stub-server.ts";
import { content, ladderTo, type LadderOptions, md5Of } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const CREATED = { status: 201, headers: { etag: '"1"' } };
const KEY: AccountCredential = { kind: "shared-key", accountName: "acct", key: new Secret("c2VjcmV0") };

/** The target's service, which answers so to each request. */
async function service(
  answer: (request: StubRequest, index: number) => StubAnswer | undefined = () => CREATED,
  credential: AccountCredential = KEY,
): Promise<{ stub: StubServer; account: StorageAccount; own: (name: string) => string }> {
  const stub = await startStub((request, index) => {
    const given = answer(request, index);
    return given === undefined ? undefined : asStorage(given);
  });
  onTestFinished(() => stub.stop());
  const account = { blobEndpoint: `${stub.url}/acct`, queueEndpoint: `${stub.url}/queue`, credential };
  return { stub, account, own: (name) => `${stub.url}/acct/source/${name}` };
}

const error = (status: number, code: string): StubAnswer => ({
  status,
  headers: { "x-ms-error-code": code },
});
const isCopy = (request: StubRequest): boolean => request.headers["x-ms-copy-source"] !== undefined;

const transfer = async (
  account: StorageAccount,
  file: CatalogFile,
  options: LadderOptions["settings"] = {},
) =>
  ladderTo(account, "results", { settings: { mode: "auto", ...options } }).ladder.transfer(
    file,
    file.fileName,
    {
      signal: new AbortController().signal,
    },
  );

/**
 * What Put Blob From URL makes of the request, as documented: standard properties are the source's unless
 * `x-ms-copy-source-blob-properties` is false, and one that the request names is the request's; metadata are the
 * source's unless the request names some.
 */
function copiedProperties(
  headers: Readonly<Record<string, string>>,
  source: Readonly<Record<string, string>>,
): Record<string, string> {
  const isMetadata = ([name]: [string, string]): boolean => name.startsWith("x-ms-meta-");
  const given = Object.entries(headers).filter(isMetadata);
  const names = ["content-type", "content-encoding", "content-language", "content-disposition"];
  const properties = [...names, "cache-control"].flatMap((name): [string, string][] => {
    const copied = headers["x-ms-copy-source-blob-properties"] === "false" ? undefined : source[name];
    const value = headers[`x-ms-blob-${name}`] ?? copied;
    return value === undefined ? [] : [[name, value]];
  });
  const metadata = given.length > 0 ? given : Object.entries(source).filter(isMetadata);
  return Object.fromEntries([...properties, ...metadata]);
}

/** A source on the target's own service that is there, of this content. */
const serveSource = (body: Buffer): StubAnswer => ({
  status: 200,
  headers: {
    etag: '"s"',
    "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT",
    "content-length": String(body.length),
  },
  body,
});

describe("Put Blob From URL", () => {
  it("is one request a file, with every header that makes the blob what it must be", async () => {
    const { stub, account, own } = await service();
    const uri = `${own("a%20b.json")}?sv=1&sig=x%2By`;
    const file = { fileName: "dir/a b.json", uri, length: 5, contentMd5: md5Of(Buffer.from("12345")) };
    expect(await transfer(account, file)).toEqual({
      outcome: "copied",
      bytes: 5,
      contentMd5: file.contentMd5,
      method: "put-blob-from-url",
      attempts: 1,
      existingSince: undefined,
    });
    expect(stub.requests).toHaveLength(1);
    const [request] = stub.requests;
    expect(request).toMatchObject({ method: "PUT", url: "/acct/results/dir/a%20b.json" });
    expect(request?.headers).toMatchObject({
      "x-ms-copy-source": uri,
      "x-ms-source-content-md5": file.contentMd5,
      "if-none-match": "*",
      "x-ms-blob-type": "BlockBlob",
      "x-ms-blob-content-type": "application/json",
      "x-ms-copy-source-blob-properties": "true",
      "content-length": "0",
      authorization: expect.stringMatching(/^SharedKey acct:/) as string,
    });
    const names = Object.keys(request?.headers ?? {});
    expect(names.filter((name) => name.startsWith("x-ms-meta"))).toEqual([]);
    expect(names).not.toContain("x-ms-copy-source-authorization");
    expect(request?.body).toHaveLength(0);
  });

  it("asks the source for nothing either when the catalog states no length and MD5", async () => {
    const { stub, account, own } = await service();
    const result = await transfer(account, { fileName: "a", uri: `${own("a")}?sig=x` });
    expect(result).toMatchObject({ outcome: "copied", bytes: undefined });
    expect(stub.requests).toHaveLength(1);
    expect(stub.requests[0]?.headers["x-ms-source-content-md5"]).toBeUndefined();
  });

  it("takes the source's type on request", async () => {
    const { stub, account, own } = await service();
    await transfer(account, { fileName: "a", uri: `${own("a")}?sig=x` }, { contentType: "source" });
    expect(stub.requests[0]?.headers["x-ms-copy-source-blob-properties"]).toBe("true");
    expect(stub.requests[0]?.headers["x-ms-blob-content-type"]).toBeUndefined();
  });

  it.each([
    ["application/json", "application/json"],
    ["source", "text/csv"],
  ])("with --content-type %s keeps all else that the source says of its bytes", async (asked, made) => {
    const source = {
      "content-type": "text/csv",
      "content-encoding": "gzip",
      "content-language": "de",
      "content-disposition": "inline",
      "cache-control": "no-cache",
      "x-ms-meta-origin": "here",
    };
    const { stub, account, own } = await service();
    await transfer(account, { fileName: "a", uri: `${own("a")}?sig=x` }, { contentType: asked });
    expect(stub.requests).toHaveLength(1);
    const headers = stub.requests[0]?.headers ?? {};
    expect(copiedProperties(headers, source)).toEqual({ ...source, "content-type": made });
  });

  it("carries a short read SAS for a blob of our own account", async () => {
    const { stub, account, own } = await service();
    await transfer(account, { fileName: "a", uri: own("a") });
    const source = new URL(stub.requests[0]?.headers["x-ms-copy-source"] ?? "");
    expect(source.pathname).toBe("/acct/source/a");
    expect(source.searchParams.get("sp")).toBe("r");
    expect(source.searchParams.get("sig")).not.toBeNull();
  });

  it("carries the account's SAS when that is what we have", async () => {
    const sas: AccountCredential = { kind: "sas", token: new Secret("sv=1&sig=target") };
    const { stub, account, own } = await service(undefined, sas);
    await transfer(account, { fileName: "a", uri: own("a") });
    expect(stub.requests[0]?.url).toBe("/acct/results/a?sv=1&sig=target");
    expect(stub.requests[0]?.headers["x-ms-copy-source"]).toBe(`${own("a")}?sv=1&sig=target`);
  });

  it("carries the bearer token that lets the service read the source, whole or in blocks", async () => {
    const { stub, account } = await service();
    const { writer } = ladderTo(account, "results").tools;
    const source = { url: "https://other.blob.core.windows.net/c/b", bearer: "abc.def" };
    const pulse = new AttemptClock(
      REAL_SURROUNDINGS,
      new RequestBudget(new AbortController().signal, 60_000),
      "test",
      60_000,
    );
    onTestFinished(() => pulse.stop());
    const options = { createOnly: true, headers: { contentType: "a/b" }, metadata: {} };
    await writer.putBlobFromUrl("a", source, options, pulse);
    await writer.putBlockFromUrl("a", "YQ==", source, { offset: 0, count: 9, ifMatch: '"s"' }, pulse);
    for (const { headers } of stub.requests) {
      expect(headers["x-ms-copy-source-authorization"]).toBe("Bearer abc.def");
      expect(headers["x-ms-copy-source"]).toBe(source.url);
    }
    expect(stub.requests).toHaveLength(2);
  });

  it("is tried again, and looks at a name that is taken by then", async () => {
    const body = content(10);
    const { stub, account, own } = await service((request, index) => {
      if (index === 0) return error(500, "OperationTimedOut");
      if (isCopy(request)) return error(409, "BlobAlreadyExists");
      return { ...serveSource(body), headers: { ...serveSource(body).headers, "content-md5": md5Of(body) } };
    });
    expect(await transfer(account, { fileName: "a", uri: own("a") })).toMatchObject({
      outcome: "already-there",
      attempts: 2,
      bytes: 10,
    });
    expect(stub.requests.map((request) => request.method)).toEqual(["PUT", "PUT", "HEAD", "HEAD"]);
  });

  it.each([
    [409, "BlobAlreadyExists"],
    [412, "ConditionNotMet"],
    [412, "TargetConditionNotMet"],
  ])("compares with what the catalog states when it is answered with %i %s", async (status, code) => {
    const body = content(10);
    const there = {
      ...serveSource(body),
      headers: { ...serveSource(body).headers, "content-md5": md5Of(body) },
    };
    const { stub, account, own } = await service((request) =>
      isCopy(request) ? error(status, code) : there,
    );
    const file = { fileName: "a", uri: own("a"), length: 10, contentMd5: md5Of(body) };
    expect(await transfer(account, file)).toMatchObject({ outcome: "already-there" });
    const other = { ...file, contentMd5: md5Of(content(10)) };
    expect(await thrownBy(transfer(account, other))).toMatchObject({ code: "conflict" });
    // The source itself is never asked: both facts are known.
    expect(stub.requests.every(({ url }) => url === "/acct/results/a")).toBe(true);
  });

  it.each([
    [409, "BlobArchived", "source-archived"],
    [409, "BlobBeingRehydrated", "source-archived"],
    [409, "BlobImmutableDueToPolicy", "target-locked"],
    [412, "SourceConditionNotMet", "source-changed"],
    [412, "LeaseIdMissing", "target-locked"],
    [400, "Md5Mismatch", "integrity-mismatch"],
    [403, "AuthorizationPermissionMismatch", "target-forbidden"],
  ])(
    "is answered with %i %s, which is reported as %s without another request",
    async (status, code, told) => {
      const { stub, account, own } = await service(() => error(status, code));
      const failure = await thrownBy(transfer(account, { fileName: "a", uri: own("a") }));
      expect(failure).toMatchObject({ code: told });
      expect(stub.requests).toHaveLength(1);
    },
  );

  it("is replaced by blocks for a file that is too large for one call", async () => {
    const body = content(100);
    const { stub, account, own } = await service((request) => {
      if (request.method === "HEAD") return serveSource(body);
      if (request.method === "GET") return error(404, "BlobNotFound");
      return isCopy(request) && !request.url.includes("comp=block")
        ? error(413, "RequestBodyTooLarge")
        : CREATED;
    });
    const result = await transfer(account, { fileName: "a", uri: own("a") }, { serverBlockBytes: 60 });
    expect(result).toMatchObject({ method: "put-block-from-url", bytes: 100 });
    const blocks = stub.requests.filter(({ url }) => url.includes("comp=block&"));
    expect(new Set(blocks.map(({ headers }) => headers["x-ms-source-range"]))).toEqual(
      new Set(["bytes=0-59", "bytes=60-99"]),
    );
    for (const { headers } of blocks) expect(headers["x-ms-source-if-match"]).toBe('"s"');
    const ids = blocks.map(({ url }) => new URL(url, stub.url).searchParams.get("blockid") ?? "");
    const list = stub.requests.find(
      ({ url }) => url.includes("comp=blocklist") && !url.includes("blocklisttype"),
    );
    for (const id of ids) expect(list?.body.toString()).toContain(`<Latest>${id}</Latest>`);
    expect(list?.headers).toMatchObject({
      "if-none-match": "*",
      "x-ms-blob-content-type": "application/json",
    });
  });
});

/** The emulator does not know this call: what the blobs get is held by the requests. */
describe("Put Blob From URL with attributes", () => {
  const file = (own: (name: string) => string) => ({ fileName: "a", uri: `${own("a")}?sig=x` });

  it("names none of them unless they are asked for", async () => {
    const { stub, account, own } = await service();
    await transfer(account, file(own));
    const names = Object.keys(stub.requests[0]?.headers ?? {});
    const own4 = /^x-ms-(meta-|access-tier|tags|blob-cache-control)/;
    expect(names.filter((name) => own4.test(name))).toEqual([]);
  });

  it("names all that are asked for in its one request", async () => {
    const { stub, account, own } = await service();
    const attributes = {
      metadata: { batch: "7" },
      tier: "archive",
      tags: { "a b": "x+y", c: "" },
      cacheControl: "no-cache",
    } as const;
    const contentMd5 = md5Of(Buffer.from("12345"));
    await transfer(account, { ...file(own), contentMd5 }, { attributes });
    expect(stub.requests).toHaveLength(1);
    const headers = stub.requests[0]?.headers ?? {};
    expect(headers).toMatchObject({
      "x-ms-access-tier": "Archive",
      "x-ms-tags": "a%20b=x%2By&c=",
      "x-ms-copy-source-blob-properties": "true",
      // Nobody can read it to compute one.
      "x-ms-blob-content-md5": contentMd5,
    });
    const source = { "content-encoding": "gzip", "cache-control": "max-age=9", "x-ms-meta-origin": "here" };
    expect(copiedProperties(headers, source)).toEqual({
      "content-type": "application/json",
      "content-encoding": "gzip",
      "cache-control": "no-cache",
      "x-ms-meta-batch": "7",
    });
  });

  it.each([
    ["Cool", "Cool"],
    ["Cold", "Cold"],
    ["P10", undefined],
    [undefined, undefined],
  ])("names the source's tier on request: %s", async (there, named) => {
    const { stub, account, own } = await service((request) => {
      const { headers, ...rest } = serveSource(Buffer.alloc(0));
      const tier = there === undefined ? {} : { "x-ms-access-tier": there };
      return request.method === "HEAD" ? { ...rest, headers: { ...headers, ...tier } } : CREATED;
    });
    await transfer(account, file(own), { attributes: { ...DEFAULT_ATTRIBUTES, tier: "source" } });
    expect(stub.requests.map(({ method }) => method)).toEqual(["HEAD", "PUT"]);
    expect(stub.requests[1]?.headers["x-ms-access-tier"]).toBe(named);
  });

  it.each([
    ["without metadata, whole", {}, "HEAD PUT", "put-blob-from-url"],
    ["with metadata, in blocks", { "x-ms-meta-a": "1" }, "HEAD GET PUT PUT", "put-block-from-url"],
  ])("copies a source %s, when the blob is to have none", async (_, more, requests, method) => {
    const { stub, account, own } = await service((request) => {
      const { headers, ...rest } = serveSource(Buffer.alloc(5));
      if (request.method === "HEAD") return { ...rest, headers: { ...headers, ...more } };
      return request.method === "GET" ? error(404, "BlobNotFound") : CREATED;
    });
    const attributes = { ...DEFAULT_ATTRIBUTES, metadata: {} };
    expect(await transfer(account, file(own), { attributes })).toMatchObject({ outcome: "copied", method });
    expect(stub.requests.map((one) => one.method).join(" ")).toBe(requests);
    const names = Object.keys(stub.requests.at(-1)?.headers ?? {});
    expect(names.filter((name) => name.startsWith("x-ms-meta-"))).toEqual([]);
  });
});

describe.each([403, 404])("CannotVerifyCopySource with %i", (status) => {
  const cannot = error(status, "CannotVerifyCopySource");

  it("means streaming for that account from then on when we can read the source", async () => {
    const body = content(10);
    const { stub, account, own } = await service((request) => {
      if (isCopy(request)) return cannot;
      return request.method === "GET" ? serveSource(body) : CREATED;
    });
    const { ladder } = ladderTo(account, "results", { settings: { mode: "auto" } });
    const { signal } = new AbortController();
    const names = ["a", "b", "c"];
    for (const name of names) {
      const result = await ladder.transfer({ fileName: name, uri: own(name) }, name, { signal });
      expect(result).toMatchObject({ outcome: "copied", method: "put-blob" });
    }
    expect(stub.requests.filter(isCopy)).toHaveLength(LEARNERS);
    // One GET decides, then one GET and one PUT a file.
    const requests = names.map((_, n) => (n < LEARNERS ? "PUT GET GET PUT" : "GET PUT"));
    expect(stub.requests.map(({ method }) => method).join(" ")).toBe(requests.join(" "));
  });

  it.each([
    [404, "BlobNotFound", "source-not-found"],
    [403, "AuthenticationFailed", "source-forbidden"],
    [409, "BlobArchived", "source-archived"],
  ])(
    "means, when the source answers us %i %s, that each file is reported as %s",
    async (ownStatus, code, told) => {
      const { stub, account, own } = await service((request) =>
        isCopy(request) ? cannot : error(ownStatus, code),
      );
      const { ladder } = ladderTo(account, "results", { settings: { mode: "auto" } });
      const { signal } = new AbortController();
      for (const name of ["a", "b"]) {
        const work = ladder.transfer({ fileName: name, uri: own(name) }, name, { signal });
        expect(await thrownBy(work)).toMatchObject({ code: told });
      }
      expect(stub.requests.map(({ method }) => method).join(" ")).toBe("PUT GET PUT GET");
    },
  );
});
