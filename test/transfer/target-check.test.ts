/** What a look at the target finds, and which requests it takes; on the emulator. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ContainerCheck } from "../../src/transfer/target-check.ts";
import { restTo } from "../azure/support.ts";
import { Bench, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const { signal } = new AbortController();
const body = content(1000);

function checkOn({ contentType = "application/json", pageBlobs = 5_000 } = {}) {
  const { tools } = bench.ladder({ settings: { contentType } });
  const client = restTo(bench.account);
  return new ContainerCheck(tools, { client, container: bench.target.containerName, pageBlobs });
}

async function putInTarget(name: string, bytes: Buffer, contentType = "application/json", md5?: string) {
  const blob = bench.target.getBlockBlobClient(name);
  await blob.upload(bytes, bytes.length);
  const blobContentMD5 = Buffer.from(md5 ?? md5Of(bytes), "base64");
  await blob.setHTTPHeaders({ blobContentType: contentType, blobContentMD5 });
}

const fileOf = (parts: { length?: number; contentMd5?: string } = {}) => ({
  fileName: "a",
  uri: bench.linkTo("a"),
  ...parts,
});

describe("a list of the target", () => {
  it("gives the blobs that begin with the prefix page by page, and says which page is the last", async () => {
    for (const name of ["n-1", "n-2", "n-3", "m-1"]) await putInTarget(name, body);
    const check = checkOn({ pageBlobs: 2 });
    const pages = [];
    for await (const { blobs, isLast } of check.list("n-", { signal })) {
      pages.push({ names: blobs.map(({ name }) => name), isLast });
    }
    expect(pages).toEqual([
      { names: ["n-1", "n-2"], isLast: false },
      { names: ["n-3"], isLast: true },
    ]);
    expect(check.cost).toMatchObject({ lists: 2, looks: 0, reads: 0 });
  });

  it("is enough to judge length, MD5 and content type", async () => {
    await putInTarget("a", body);
    const check = checkOn();
    const judged = async (parts: { length?: number; contentMd5?: string }, of = check) => {
      for await (const { blobs } of of.list("a", { signal }))
        if (blobs[0]) return of.judge(fileOf(parts), blobs[0]);
      return undefined;
    };
    expect(await judged({ length: 1000, contentMd5: md5Of(body) })).toEqual({
      kind: "same",
      provenBy: "md5",
    });
    expect(await judged({ length: 1000 })).toEqual({ kind: "same", provenBy: "length" });
    expect(await judged({})).toEqual({ kind: "same", provenBy: "name" });
    expect(await judged({ length: 999 })).toMatchObject({ kind: "different" });
    expect(await judged({ contentMd5: md5Of(content(9)) })).toMatchObject({ kind: "different" });
    expect(await judged({}, checkOn({ contentType: "text/plain" }))).toEqual({
      kind: "different",
      how: "its content type is application/json, not text/plain",
    });
    expect(await judged({}, checkOn({ contentType: "source" }))).toMatchObject({ kind: "same" });
    expect(bench.proxy.count("get-blob", "get-blob-properties")).toBe(0);
  });
});

describe("a look at one blob", () => {
  it("finds whether it is there, by one request", async () => {
    const check = checkOn();
    expect(await check.look(fileOf(), "a", { depth: "properties", signal })).toEqual({ kind: "missing" });
    await putInTarget("a", body);
    const found = await check.look(fileOf({ length: 1000 }), "a", { depth: "properties", signal });
    expect(found).toEqual({ kind: "same", provenBy: "length" });
    expect(check.cost).toMatchObject({ looks: 2, reads: 0 });
  });

  it("compares the bytes of both sides whatever MD5s they state", async () => {
    await bench.put("a", body);
    await putInTarget("a", body);
    const check = checkOn();
    const look = () => check.look(fileOf({ contentMd5: md5Of(body) }), "a", { depth: "bytes", signal });
    expect(await look()).toEqual({ kind: "same", provenBy: "bytes" });
    expect(check.cost).toMatchObject({ reads: 2, bytesRead: 2000 });
    const other = Buffer.from(body.map((byte, at) => (at === 0 ? byte ^ 1 : byte)));
    await putInTarget("a", other, "application/json", md5Of(body));
    expect(await look()).toEqual({
      kind: "different",
      how: `its bytes have MD5 ${md5Of(other)}, the source's ${md5Of(body)}`,
    });
  });

  it("cannot tell the bytes of a source that is gone", async () => {
    await putInTarget("a", body);
    const found = await checkOn().look(fileOf(), "a", { depth: "bytes", signal });
    expect(found).toMatchObject({ kind: "unreadable", code: "source-not-found" });
  });

  it("compares the content type with the source's, when it is to be that", async () => {
    await bench.put("a", body);
    await putInTarget("a", body);
    const found = await checkOn({ contentType: "source" }).look(fileOf(), "a", { depth: "bytes", signal });
    expect(found).toEqual({
      kind: "different",
      how: "its content type is application/json, not application/octet-stream",
    });
  });
});
