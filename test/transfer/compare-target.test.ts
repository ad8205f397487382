/** What whoever looks at the target afterwards learns of a blob, and which requests that takes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CompareDepth, compareWithTarget, type SourceContent } from "../../src/transfer/compare.ts";
import { makeJob } from "../../src/transfer/tools.ts";
import { Bench, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const body = content(1000);

async function compare(known: SourceContent, depth: CompareDepth, { mayAskSource = false } = {}) {
  const { tools } = bench.ladder();
  const file = { fileName: "a", uri: bench.linkTo("a") };
  const { source, effort } = makeJob(tools, file, "a", { signal: new AbortController().signal });
  const expected = { blobName: "a", known, source: mayAskSource ? source : undefined, effort };
  return compareWithTarget(tools, expected, depth);
}

async function putInTarget(bytes: Buffer, { withMd5 = true } = {}): Promise<void> {
  const blob = bench.target.getBlockBlobClient("a");
  await blob.upload(bytes, bytes.length);
  if (!withMd5) await blob.setHTTPHeaders({ blobContentType: "application/json" });
}

describe("a comparison with the target", () => {
  it("finds a blob that is not there", async () => {
    expect(await compare({ length: 1 }, "content")).toEqual({ kind: "absent" });
  });

  it("finds another length without a look at content", async () => {
    await putInTarget(content(5), { withMd5: false });
    const found = await compare({ length: 1000, contentMd5: md5Of(body) }, "content");
    expect(found).toMatchObject({ kind: "different", how: "it has 5 bytes, the source 1000" });
    expect(bench.proxy.count("get-blob")).toBe(0);
  });

  it.each(["properties", "content"] as const)(
    "takes the MD5s that both sides have, and downloads nothing (%s)",
    async (depth) => {
      await putInTarget(body);
      const known = { length: 1000, contentMd5: md5Of(body) };
      expect(await compare(known, depth)).toMatchObject({ kind: "same", provenBy: "md5" });
      const other = { length: 1000, contentMd5: md5Of(content(1000)) };
      expect(await compare(other, depth)).toMatchObject({ kind: "different" });
      expect(bench.proxy.count("get-blob")).toBe(0);
    },
  );

  it("says that lengths alone are proven when a side has no MD5 and content is not read", async () => {
    await putInTarget(body, { withMd5: false });
    const known = { length: 1000, contentMd5: md5Of(body) };
    expect(await compare(known, "properties")).toMatchObject({ kind: "same", provenBy: "length" });
    expect(await compare({}, "properties")).toMatchObject({ kind: "same", provenBy: "name" });
    expect(bench.proxy.count("get-blob")).toBe(0);
  });

  it("downloads and hashes a blob that has no MD5", async () => {
    await putInTarget(body, { withMd5: false });
    const known = { length: 1000, contentMd5: md5Of(body) };
    expect(await compare(known, "content")).toMatchObject({ kind: "same", provenBy: "md5" });
    expect(bench.proxy.count("get-blob")).toBe(1);
    const other = { length: 1000, contentMd5: md5Of(content(1000)) };
    expect(await compare(other, "content")).toMatchObject({ kind: "different" });
  });

  it("asks the source for what is not known of it", async () => {
    await bench.put("a", body);
    await putInTarget(content(1000));
    const found = await compare({}, "properties", { mayAskSource: true });
    expect(found).toMatchObject({ kind: "different" });
    expect(bench.proxy.count("get-blob")).toBe(0);
  });
});
