import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { thrownBy } from "../azure/support.ts";
import { Bench, BLOCK, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

describe("a streamed file", () => {
  it.each([
    ["empty", 0, "put-blob"],
    ["of one byte", 1, "put-blob"],
    ["of exactly one block", BLOCK, "put-blob"],
    ["of a block and a byte", BLOCK + 1, "put-blocks"],
    ["of many blocks", 9 * BLOCK + 123, "put-blocks"],
  ] as const)(
    "%s arrives whole, as JSON, with its MD5 and the source's metadata",
    async (_, bytes, method) => {
      const body = content(bytes);
      const file = await bench.put("a file+1 %#.json", body, { metadata: { origin: "here" } });
      expect(await bench.transfer(file)).toEqual({
        outcome: "copied",
        bytes,
        contentMd5: md5Of(body),
        method,
        attempts: 1,
        existingSince: undefined,
      });
      const blob = (await bench.found()).get(file.fileName);
      expect(blob).toMatchObject({
        length: bytes,
        bytes,
        md5: md5Of(body),
        contentMd5: md5Of(body),
        contentType: "application/json",
        contentEncoding: "",
        metadata: { origin: "here" },
      });
    },
  );

  it("takes one GET and one PUT when it is small, with its MD5 and the condition that nothing is there", async () => {
    const body = content(1000);
    await bench.transfer(await bench.put("a.json", body));
    expect(bench.proxy.requests.map((seen) => seen.operation)).toEqual(["get-blob", "put-blob"]);
    expect(bench.proxy.requests[1]?.headers).toMatchObject({
      "if-none-match": "*",
      "x-ms-blob-content-md5": md5Of(body),
      "x-ms-blob-content-type": "application/json",
    });
  });

  it("is read once when it is large, range by range of one version, and put in blocks that carry their MD5", async () => {
    const body = content(3 * BLOCK);
    await bench.transfer(await bench.put("a.json", body));
    const { requests } = bench.proxy;
    const of = (operation: string) => requests.filter((seen) => seen.operation === operation);
    expect(of("get-blob").map((seen) => seen.headers["x-ms-range"])).toEqual([
      undefined,
      `bytes=${BLOCK}-${2 * BLOCK - 1}`,
      `bytes=${2 * BLOCK}-${3 * BLOCK - 1}`,
    ]);
    expect(new Set(of("get-blob").map((seen) => seen.headers["if-match"])).size).toBe(2);
    expect(new Set(of("put-block").map((seen) => seen.headers["content-md5"]))).toEqual(
      new Set([0, 1, 2].map((n) => md5Of(body.subarray(n * BLOCK, (n + 1) * BLOCK)))),
    );
    expect(of("put-block-list")[0]?.headers).toMatchObject({
      "if-none-match": "*",
      "x-ms-blob-content-md5": md5Of(body),
    });
  });

  it.each([
    ["source", "text/csv"],
    ["application/json", "application/json"],
  ])("with --content-type %s keeps all else that the source says, in either way", async (asked, made) => {
    const small = gzipSync(content(1000));
    const large = gzipSync(content(3 * BLOCK));
    const options = {
      blobHTTPHeaders: {
        blobContentType: "text/csv",
        blobContentEncoding: "gzip",
        blobContentLanguage: "de",
        blobContentDisposition: "inline",
        blobCacheControl: "no-cache",
      },
      metadata: { origin: "here" },
    };
    for (const [name, body] of Object.entries({ small, large })) {
      const file = await bench.put(name, body, options);
      await bench.transfer(file, { settings: { contentType: asked } });
      expect((await bench.found()).get(name)).toMatchObject({
        md5: md5Of(body),
        contentType: made,
        contentEncoding: "gzip",
        metadata: { origin: "here" },
      });
      const { contentLanguage, contentDisposition, cacheControl } = await bench.target
        .getBlobClient(name)
        .getProperties();
      expect({ contentLanguage, contentDisposition, cacheControl }).toEqual({
        contentLanguage: "de",
        contentDisposition: "inline",
        cacheControl: "no-cache",
      });
    }
  });

  it("has another content type when one is given", async () => {
    await bench.transfer(await bench.put("a", content(10)), { settings: { contentType: "text/plain" } });
    expect((await bench.found()).get("a")?.contentType).toBe("text/plain");
  });

  it("is read through its SAS, and with the account's key without one", async () => {
    const file = await bench.put("a b.json", content(10));
    await bench.transfer({ ...file, uri: await bench.sasLinkTo("a b.json") });
    expect(bench.proxy.requests[0]?.headers["authorization"]).toBeUndefined();
    expect(bench.proxy.requests[0]?.query.has("sig")).toBe(true);
    bench.proxy.forget();
    await bench.transfer({ ...file, fileName: "other.json" });
    expect(bench.proxy.requests[0]?.headers["authorization"]).toMatch(/^SharedKey /);
  });

  it("is read again when the connection is cut or stalls in the middle", async () => {
    const body = content(BLOCK);
    const file = await bench.put("a", body);
    bench.proxy.fail({ fault: { kind: "cut-body", afterBytes: 1000 }, operation: "get-blob", times: 2 });
    bench.proxy.fail({ fault: { kind: "stall-body", afterBytes: 1000 }, operation: "get-blob", times: 1 });
    const result = await bench.transfer(file, { policy: { idleMs: 300 } });
    expect(result).toMatchObject({ outcome: "copied", attempts: 4 });
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("fails alone when it always breaks off, and its source account stays open", async () => {
    const file = await bench.put("broken", content(BLOCK));
    bench.proxy.fail({ fault: { kind: "cut-body", afterBytes: 10 }, name: /broken$/ });
    const { ladder, tools } = bench.ladder();
    const { signal } = new AbortController();
    const failure = await thrownBy(ladder.transfer(file, "broken", { signal }));
    expect(failure).toMatchObject({ code: "network", attempts: 8 });
    expect(tools.sourceGate(bench.proxy.blobEndpoint).isDown).toBe(false);
  });

  it("is never transferred out of the container", async () => {
    const file = await bench.put("a", content(10));
    const { ladder } = bench.ladder();
    for (const name of ["", "a\\b", "../other/z", "a/../../other/z", ".", "..", "a/./b", "a//../..//x"]) {
      const work = ladder.transfer(file, name, { signal: new AbortController().signal });
      expect(await thrownBy(work), name).toMatchObject({ code: "bad-name" });
    }
    expect(bench.proxy.requests.every((seen) => seen.method === "GET")).toBe(true);
  });

  it("keeps a name with percent signs, a question mark and spaces as it is", async () => {
    const file = await bench.put("a", content(10));
    const { ladder } = bench.ladder();
    const names = ["a%2Fb", "..%2Fb", "a?b=c#d", "é/日本 x"];
    for (const name of names) await ladder.transfer(file, name, { signal: new AbortController().signal });
    expect([...(await bench.found()).keys()].toSorted()).toEqual(names.toSorted());
  });
});

describe("a source whose bytes do not match", () => {
  it("is refused before anything is created", async () => {
    const small = await bench.put("small", content(10));
    const large = await bench.put("large", content(3 * BLOCK));
    const other = md5Of(content(3));
    for (const file of [
      { ...small, length: 11 },
      { ...small, contentMd5: other },
      { ...large, length: 11 },
      { ...large, contentMd5: other },
    ]) {
      expect(await thrownBy(bench.transfer(file))).toMatchObject({ code: "integrity-mismatch" });
    }
    const lies = await bench.put("lies", content(10));
    await bench.source.getBlobClient("lies").setHTTPHeaders({ blobContentMD5: Buffer.from(other, "base64") });
    expect(await thrownBy(bench.transfer(lies))).toMatchObject({ code: "integrity-mismatch" });
    expect((await bench.found()).size).toBe(0);
  });

  it("is found by the length and MD5 of the catalog, which are compared with the bytes", async () => {
    const body = content(3 * BLOCK);
    const file = { ...(await bench.put("a", body)), length: body.length, contentMd5: md5Of(body) };
    expect(await bench.transfer(file)).toMatchObject({ outcome: "copied" });
  });
});

describe("a source", () => {
  it("is reported as missing when it is missing", async () => {
    const work = bench.transfer({ fileName: "a", uri: bench.linkTo("missing") });
    expect(await thrownBy(work)).toMatchObject({ code: "source-not-found" });
  });

  it("is reported as forbidden when its SAS has ended, without the SAS", async () => {
    await bench.put("a", content(10));
    const uri = await bench.sasLinkTo("a", -3_600_000);
    const failure = await thrownBy(bench.transfer({ fileName: "a", uri }));
    expect(failure).toMatchObject({ code: "source-forbidden" });
    expect(String(failure)).not.toContain(new URL(uri).searchParams.get("sig"));
  });

  it.each([
    [403, "AuthorizationFailure", "source-forbidden"],
    [401, "NoAuthenticationInformation", "source-forbidden"],
    [409, "PublicAccessNotPermitted", "source-forbidden"],
    [409, "BlobArchived", "source-archived"],
    [409, "BlobBeingRehydrated", "source-archived"],
    [500, "InternalError", "network"],
    [503, "ServerBusy", "throttled"],
  ])("is reported when it answers %i %s", async (status, errorCode, code) => {
    const file = await bench.put("a", content(10));
    bench.proxy.fail({ fault: { kind: "answer", status, errorCode }, operation: "get-blob" });
    expect(await thrownBy(bench.transfer(file))).toMatchObject({ code });
  });

  it("is not mixed when it changes while it is read", async () => {
    const file = await bench.put("a", content(4 * BLOCK));
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "get-blob", skip: 1, times: 1 });
    const work = thrownBy(bench.transfer(file));
    await expect.poll(() => bench.proxy.count("get-blob")).toBe(2);
    await bench.put("a", content(4 * BLOCK));
    release();
    expect(await work).toMatchObject({ code: "source-changed" });
    expect((await bench.found()).size).toBe(0);
  });
});
