/** Sources on a web server that is no storage service: its files are read as web servers know them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { thrownBy } from "../azure/support.ts";
import { startStub, type StubAnswer, type StubRequest, type StubServer } from "../support/stub-server.ts";
import { Bench, BLOCK, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const large = content(3 * BLOCK + 11);

/** A web server with one file. */
async function serve(answer: (request: StubRequest) => StubAnswer): Promise<StubServer> {
  const stub = await startStub(answer);
  onTestFinished(() => stub.stop());
  return stub;
}

/** As a server that knows parts answers. */
function partOf(body: Buffer, { headers }: StubRequest, etag: Readonly<Record<string, string>>): StubAnswer {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers["range"] ?? "") ?? [];
  if (first === undefined) {
    return { status: 200, headers: { ...etag, "content-length": String(body.length) }, body };
  }
  const part = body.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${last}/${body.length}`;
  return {
    status: 206,
    headers: { ...etag, "content-range": range, "content-length": String(part.length) },
    body: part,
  };
}

const transfer = async (stub: StubServer) =>
  bench.transfer({ fileName: "a", uri: `${stub.url}/files/a.bin` }, { policy: { maxAttempts: 2 } });
const found = async () => (await bench.found()).get("a")?.md5;

describe("a large file on a web server", () => {
  it.each([
    ["with an ETag", { etag: '"v1"' }],
    ["with a weak ETag", { etag: 'W/"v1"' }],
    ["without one", { "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT" }],
    ["without anything", {}],
  ])("%s is read part by part, and arrives whole", async (_, etag) => {
    const stub = await serve((request) => partOf(large, request, etag));
    expect(await transfer(stub)).toMatchObject({ outcome: "copied", method: "put-blocks" });
    expect(await found()).toBe(md5Of(large));
    const [, ...parts] = stub.requests;
    expect(parts).toHaveLength(3);
    for (const { headers } of parts)
      expect(headers["if-match"]).toBe(_ === "with an ETag" ? '"v1"' : undefined);
  });

  it.each([
    ["its ETag", { etag: 'W/"v1"' }, { etag: 'W/"v2"' }],
    [
      "its time",
      { "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT" },
      { "last-modified": "Tue, 24 Nov 2026 10:00:01 GMT" },
    ],
  ])("that changes while it is read, by %s, is not mixed", async (_, before, after) => {
    let asked = 0;
    const stub = await serve((request) => partOf(large, request, asked++ < 2 ? before : after));
    expect(await thrownBy(transfer(stub))).toMatchObject({ code: "source-changed" });
    expect(await found()).toBeUndefined();
  });

  it("that gives no parts is refused: its beginning would be taken for every part", async () => {
    const stub = await serve(() => ({
      status: 200,
      headers: { etag: '"v1"', "content-length": String(large.length) },
      body: large,
    }));
    const failure = await thrownBy(transfer(stub));
    expect(failure).toMatchObject({ code: "too-large" });
    expect(String(failure)).toContain("does not serve parts of a file");
    expect(await found()).toBeUndefined();
  });

  it("that gives other parts than were asked for is not mixed", async () => {
    const stub = await serve((request) => {
      const range = request.headers["range"];
      const shifted =
        range === undefined ? {} : { range: range.replace(/(\d+)-/, (_, at) => `${Number(at) - 1}-`) };
      return partOf(large, { ...request, headers: { ...request.headers, ...shifted } }, { etag: '"v1"' });
    });
    expect(
      await thrownBy(
        bench.transfer(
          { fileName: "a", uri: `${stub.url}/files/a.bin` },
          { gate: { maxWaitMs: 50, maxFirstWaitMs: 50 } },
        ),
      ),
    ).toMatchObject({ message: expect.stringContaining("another part than was asked for") as string });
    expect(await found()).toBeUndefined();
  });
});

describe("a small file on a web server", () => {
  const small = content(100);

  it("is read without any header of Azure's", async () => {
    const stub = await serve((request) => partOf(small, request, {}));
    expect(await transfer(stub)).toMatchObject({ outcome: "copied", method: "put-blob" });
    expect(await found()).toBe(md5Of(small));
  });

  it("whose answer is shorter than it says is not taken", async () => {
    const stub = await serve(() => ({
      status: 200,
      headers: { "content-length": "100", connection: "close" },
      body: small.subarray(0, 60),
    }));
    expect(await thrownBy(transfer(stub))).toMatchObject({ code: "network" });
    expect(await found()).toBeUndefined();
  });

  it.each([
    [404, "source-not-found"],
    [410, "source-not-found"],
    [403, "source-forbidden"],
    [401, "source-forbidden"],
    [503, "throttled"],
  ])("that is answered with %i and a web page is %s: it is the server's own word", async (status, code) => {
    const stub = await serve(() => ({ status, headers: { "content-type": "text/html" }, body: "<html>" }));
    expect(await thrownBy(transfer(stub))).toMatchObject({ code });
  });

  it("that is answered with a redirect is not followed, and named", async () => {
    const stub = await serve(() => ({ status: 302, headers: { location: "http://portal.example/" } }));
    const options = { gate: { maxFirstWaitMs: 50 } };
    const failure = await thrownBy(bench.transfer({ fileName: "a", uri: `${stub.url}/f/a` }, options));
    expect(failure).toMatchObject({ code: "network" });
    expect(String(failure)).toMatch(
      /something between this machine and 127\.0\.0\.1:\d+ answered \(HTTP 302\)/,
    );
  });
});
