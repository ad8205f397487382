import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CatalogFile } from "../../src/core/file.ts";
import type { TransferSettings } from "../../src/transfer/tools.ts";
import { thrownBy } from "../azure/support.ts";
import { Bench, BLOCK, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const SIZES = [
  ["small", 1000],
  ["large", 3 * BLOCK],
] as const;

/** The two ways that the emulator knows. */
const WAYS: readonly [string, Partial<TransferSettings>][] = [
  ["streamed", { mode: "stream" }],
  ["copied by the service in blocks", { mode: "auto", serverCopyLimit: 1 }],
];

async function putInTarget(name: string, body: Buffer, { withMd5 = true } = {}): Promise<void> {
  const blob = bench.target.getBlockBlobClient(name);
  await blob.upload(body, body.length);
  if (!withMd5) await blob.setHTTPHeaders({ blobContentType: "application/json" });
}

async function takeMd5From(name: string): Promise<void> {
  await bench.source.getBlobClient(name).setHTTPHeaders({ blobContentType: "application/octet-stream" });
}

describe.each(WAYS)("a blob that is there before a file is %s", (_, settings) => {
  describe.each(SIZES)("and is %s", (_size, bytes) => {
    it.each([
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ])("with the same content is success (MD5 on it: %s, on the source: %s)", async (withMd5, sourceMd5) => {
      const body = content(bytes);
      const file = { ...(await bench.put("a", body)), length: bytes };
      if (!sourceMd5) await takeMd5From("a");
      await putInTarget("a", body, { withMd5 });
      const before = Date.now();
      const result = await bench.transfer(file, { settings });
      expect(result).toMatchObject({ outcome: "already-there", bytes, method: "none", attempts: 1 });
      const since = result.outcome === "already-there" ? (result.existingSince ?? 0) : 0;
      expect(Math.abs(since - before)).toBeLessThan(60_000);
    });

    it("with other content of the same length is a conflict, and stays as it is", async () => {
      const file = { ...(await bench.put("a", content(bytes))), length: bytes };
      const other = content(bytes);
      for (const withMd5 of [true, false]) {
        await putInTarget("a", other, { withMd5 });
        const failure = await thrownBy(bench.transfer(file, { settings }));
        expect(failure).toMatchObject({ code: "conflict", attempts: 1 });
        expect(String(failure)).toContain(`its MD5 is ${md5Of(other)}`);
        expect((await bench.found()).get("a")?.md5).toBe(md5Of(other));
      }
    });

    it("with other content is skipped or replaced when the operator says so", async () => {
      const body = content(bytes);
      const file = { ...(await bench.put("a", body)), length: bytes };
      await putInTarget("a", content(5));
      expect(await bench.transfer(file, { settings: { ...settings, onConflict: "skip" } })).toEqual({
        outcome: "skipped",
        reason: `it has 5 bytes, the source ${bytes}`,
        attempts: 1,
      });
      const replaced = await bench.transfer(file, { settings: { ...settings, onConflict: "overwrite" } });
      expect(replaced).toMatchObject({ outcome: "copied", bytes });
      expect((await bench.found()).get("a")).toMatchObject({
        md5: md5Of(body),
        contentType: "application/json",
      });
    });

    it("because the answer to our own write was lost is success", async () => {
      const body = content(bytes);
      const file: CatalogFile = { ...(await bench.put("a", body)), length: bytes };
      const operation = ["put-blob", "put-block-list"] as const;
      bench.proxy.fail({ fault: { kind: "reset-after" }, operation, times: 1 });
      expect(await bench.transfer(file, { settings })).toMatchObject({
        outcome: "already-there",
        bytes,
        attempts: 2,
      });
      expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
    });
  });
});

describe("a conditional create", () => {
  it("that says 'exists' of a blob that is gone meanwhile is made again", async () => {
    const file = await bench.put("a", content(10));
    const fault = { kind: "answer", status: 409, errorCode: "BlobAlreadyExists" } as const;
    bench.proxy.fail({ fault, operation: "put-blob", times: 2 });
    expect(await bench.transfer(file)).toMatchObject({ outcome: "copied" });
    expect((await bench.found()).size).toBe(1);
  });

  it.each([
    [412, "ConditionNotMet"],
    [412, "TargetConditionNotMet"],
  ])("answered with %i %s is judged as existing too", async (status, errorCode) => {
    const file = await bench.put("a", content(10));
    await putInTarget("a", content(11));
    bench.proxy.fail({ fault: { kind: "answer", status, errorCode }, operation: "put-blob" });
    expect(await thrownBy(bench.transfer(file))).toMatchObject({ code: "conflict" });
  });

  it.each([
    [409, "BlobImmutableDueToPolicy", "target-forbidden"],
    [409, "ContainerBeingDeleted", "target-forbidden"],
    [409, "SomethingElse", "target-forbidden"],
    [412, "LeaseIdMissing", "target-forbidden"],
    [409, "InvalidBlobType", "conflict"],
    [400, "Md5Mismatch", "integrity-mismatch"],
    [400, "InvalidResourceName", "bad-name"],
    [413, "RequestBodyTooLarge", "too-large"],
    [403, "AuthorizationFailure", "target-forbidden"],
    [404, "ContainerNotFound", "target-forbidden"],
    [503, "ServerBusy", "throttled"],
    [504, "GatewayTimeout", "network"],
  ])("answered with %i %s is not taken for an existing blob", async (status, errorCode, code) => {
    const file = await bench.put("a", content(10));
    bench.proxy.fail({ fault: { kind: "answer", status, errorCode }, operation: "put-blob" });
    expect(await thrownBy(bench.transfer(file))).toMatchObject({ code });
    expect(bench.proxy.count("get-blob-properties")).toBe(0);
  });

  it("of twenty at once makes one blob, and the others find it", async () => {
    const file = await bench.put("a", content(100));
    const results = await Promise.all(Array.from({ length: 20 }, async () => bench.transfer(file)));
    expect(results.filter(({ outcome }) => outcome === "copied")).toHaveLength(1);
    expect(results.filter(({ outcome }) => outcome === "already-there")).toHaveLength(19);
  });
});
