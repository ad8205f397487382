import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CatalogFile } from "../../src/core/file.ts";
import { thrownBy } from "../azure/support.ts";
import { LEARNERS } from "../support/carried.ts";
import { Bench, BLOCK, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

/** In blocks from URL, the rung of the server copy that the emulator has. */
const IN_BLOCKS = { mode: "server", serverCopyLimit: 1 } as const;
const PROPERTIES = {
  blobHTTPHeaders: { blobContentType: "text/csv", blobContentEncoding: "identity" },
  metadata: { origin: "here" },
};

async function put(name: string, body: Buffer): Promise<CatalogFile> {
  return { ...(await bench.put(name, body, PROPERTIES)), length: body.length };
}

describe("a file that the service copies in blocks", () => {
  it("gives the same blob as a streamed one, and no byte passes us", async () => {
    const body = content(5 * BLOCK + 1);
    const file = await put("copied", body);
    expect(await bench.transfer(file, { settings: IN_BLOCKS })).toEqual({
      outcome: "copied",
      bytes: body.length,
      contentMd5: md5Of(body),
      method: "put-block-from-url",
      attempts: 1,
      existingSince: undefined,
    });
    expect(bench.proxy.count("get-blob", "put-block", "put-blob")).toBe(0);
    await bench.transfer({ ...file, fileName: "streamed" });
    const found = await bench.found();
    const { name: _, ...copied } = found.get("copied") ?? {};
    const { name: __, ...streamed } = found.get("streamed") ?? {};
    expect(copied).toEqual(streamed);
    expect(copied).toMatchObject({
      contentMd5: md5Of(body),
      contentType: "application/json",
      contentEncoding: "identity",
      metadata: { origin: "here" },
    });
  });

  it("keeps the source's type on request, with its encoding and metadata", async () => {
    const settings = { ...IN_BLOCKS, contentType: "source" };
    await bench.transfer(await put("a", content(3 * BLOCK)), { settings });
    expect((await bench.found()).get("a")).toMatchObject({
      contentType: "text/csv",
      contentEncoding: "identity",
      metadata: { origin: "here" },
    });
  });

  it("is asked for range by range of one version", async () => {
    await bench.transfer(await put("a", content(2 * BLOCK + 1)), { settings: IN_BLOCKS });
    const blocks = bench.proxy.requests.filter((seen) => seen.operation === "put-block-from-url");
    expect(new Set(blocks.map((seen) => seen.headers["x-ms-source-range"]))).toEqual(
      new Set([`bytes=0-${BLOCK - 1}`, `bytes=${BLOCK}-${2 * BLOCK - 1}`, `bytes=${2 * BLOCK}-${2 * BLOCK}`]),
    );
    const { etag } = await bench.source.getBlobClient("a").getProperties();
    for (const { headers } of blocks) expect(headers["x-ms-source-if-match"]).toBe(etag);
  });

  it("is not mixed when it changes meanwhile", async () => {
    const file = await put("a", content(4 * BLOCK));
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "put-block-from-url", skip: 1 });
    const work = thrownBy(bench.transfer(file, { settings: IN_BLOCKS }));
    await expect.poll(() => bench.proxy.count("put-block-from-url")).toBeGreaterThan(1);
    await put("a", content(4 * BLOCK));
    release();
    expect(await work).toMatchObject({ code: "source-changed" });
    expect((await bench.found()).size).toBe(0);
  });

  it("is refused when its length or MD5 differs from what the catalog says", async () => {
    const file = await put("a", content(2 * BLOCK));
    for (const wrong of [{ length: BLOCK + 1 }, { contentMd5: md5Of(content(1)) }]) {
      const work = bench.transfer({ ...file, ...wrong }, { settings: IN_BLOCKS });
      expect(await thrownBy(work)).toMatchObject({ code: "integrity-mismatch" });
    }
    expect(bench.proxy.count("put-block-from-url", "put-block-list")).toBe(0);
  });

  it("is reported with its own answer when it is missing or forbidden", async () => {
    const missing = { fileName: "a", uri: bench.linkTo("a"), length: 10 };
    expect(await thrownBy(bench.transfer(missing, { settings: IN_BLOCKS }))).toMatchObject({
      code: "source-not-found",
    });
    const file = { ...(await put("b", content(10))), uri: await bench.sasLinkTo("b", -3_600_000) };
    expect(await thrownBy(bench.transfer(file, { settings: IN_BLOCKS }))).toMatchObject({
      code: "source-forbidden",
    });
  });
});

describe("a target that does not know Put Blob From URL", () => {
  it("is asked once; from then on small files are streamed and large ones copied in blocks", async () => {
    const small = await put("small", content(100));
    const large = await put("large", content(3 * BLOCK));
    const { ladder } = bench.ladder({ settings: { mode: "auto", serverCopyLimit: BLOCK } });
    const { signal } = new AbortController();
    const methods: string[] = [];
    for (const [name, file] of [
      ["1", small],
      ["2", small],
      ["3", large],
      ["4", small],
    ] as const) {
      const result = await ladder.transfer(file, name, { signal });
      methods.push(result.outcome === "skipped" ? "skipped" : result.method);
    }
    expect(methods).toEqual(["put-blob", "put-blob", "put-block-from-url", "put-blob"]);
    expect(bench.proxy.count("put-blob-from-url")).toBe(Math.min(2, LEARNERS));
  });

  it("cannot be told to copy only by itself", async () => {
    const file = await put("a", content(10));
    expect(await thrownBy(bench.transfer(file, { settings: { mode: "server" } }))).toMatchObject({
      code: "source-forbidden",
    });
  });

  it("gets everything streamed when it does not know Put Block From URL either", async () => {
    bench.proxy.fail({ fault: { kind: "answer", status: 501 }, operation: "put-block-from-url" });
    const body = content(3 * BLOCK);
    const { ladder } = bench.ladder({ settings: { mode: "auto", serverCopyLimit: BLOCK, blocksAtOnce: 1 } });
    const file = await put("a", body);
    for (const name of ["1", "2"]) {
      const result = await ladder.transfer(file, name, { signal: new AbortController().signal });
      expect(result).toMatchObject({ method: "put-blocks" });
    }
    expect(bench.proxy.count("put-block-from-url")).toBe(Math.min(2, LEARNERS));
    expect((await bench.found()).get("2")?.md5).toBe(md5Of(body));
  });
});
