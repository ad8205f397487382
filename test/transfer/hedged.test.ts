/** A slow create and its second request, on the emulator: whichever took effect, the file is ours and is right. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { HEDGE_DEFAULTS, Hedging } from "../../src/azure/attempts/hedge.ts";
import { Secret } from "../../src/core/secret.ts";
import type { FaultRule } from "../support/fault-rules.ts";
import type { RequestParts } from "../support/operations.ts";
import { asStorage, startStub } from "../support/stub-server.ts";
import { Bench, BLOCK, content, ladderTo, md5Of } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

/** Asks everything again that takes longer than this, ms. */
const SOON_MS = 60;
const soon = () =>
  new Hedging(REAL_SURROUNDINGS, {
    ...HEDGE_DEFAULTS,
    oneIn: 1,
    timesP95: 0,
    soonestMs: SOON_MS,
    fewestSamples: 0,
  });

/** Holds the first such request back until it is let go, at the end of the test at the latest. */
function hold(operation: "put-blob" | "put-block", when: FaultRule["when"] = () => true): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.proxy.fail({ operation, when, times: 1, fault: { kind: "hold", until: promise } });
  onTestFinished(() => resolve());
  return () => resolve();
}

const overwrites = ({ method, headers }: RequestParts) =>
  method === "PUT" && headers["if-none-match"] === undefined;

const puts = () => bench.proxy.count("put-blob");

/** The service's clock tells whole seconds. */
const secondsAgo = () => Date.now() - 2_000;

describe("a create that hangs", () => {
  it("is made again, and the file is copied once", async () => {
    const release = hold("put-blob");
    const body = content(1_000);
    const file = await bench.put("a", body);
    const { ladder, tools } = bench.ladder({ hedging: soon() });
    const result = await ladder.transfer(file, "a", { signal: new AbortController().signal });
    expect(result).toMatchObject({ outcome: "copied", bytes: 1_000, attempts: 1, existingSince: undefined });
    release();
    expect(tools.attempts.figures).toMatchObject({ retries: 0, hedges: 1 });
    expect(puts()).toBe(2);
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("is found to be ours after it took effect", async () => {
    const began = secondsAgo();
    bench.proxy.fail({ operation: "put-blob", times: 1, fault: { kind: "hang-after" } });
    const file = await bench.put("a", content(1_000));
    const result = await bench.transfer(file, { hedging: soon(), policy: { idleMs: 1_000 } });
    expect(result).toMatchObject({ outcome: "already-there", bytes: 1_000, attempts: 2 });
    expect(result).toHaveProperty(
      "existingSince",
      expect.toSatisfy((since: number) => since >= began),
    );
    expect(puts()).toBeGreaterThanOrEqual(3);
  });

  it("is found to be ours when its second took the name and the answer was lost", async () => {
    const began = secondsAgo();
    const release = hold("put-blob");
    bench.proxy.fail({ operation: "put-blob", times: 1, fault: { kind: "reset-after" } });
    const file = await bench.put("a", content(1_000));
    const work = bench.transfer(file, { hedging: soon() });
    await expect.poll(async () => (await bench.found()).size).toBe(1);
    release();
    const result = await work;
    expect(result).toMatchObject({ outcome: "already-there", bytes: 1_000 });
    expect(result).toHaveProperty(
      "existingSince",
      expect.toSatisfy((since: number) => since >= began),
    );
  });

  it.each(["other", "the same"])(
    "while a blob with %s content is there is told as without",
    async (which) => {
      const body = content(1_000);
      const there = which === "other" ? content(1_000) : body;
      await bench.target.getBlockBlobClient("a").upload(there, there.length);
      const release = hold("put-blob");
      const work = bench
        .transfer(await bench.put("a", body), { hedging: soon() })
        .catch((thrown: unknown) => thrown);
      await expect.poll(puts).toBe(2);
      release();
      const wanted = which === "other" ? { code: "conflict" } : { outcome: "already-there" };
      expect(await work).toMatchObject(wanted);
      expect((await bench.found()).get("a")?.md5).toBe(md5Of(there));
    },
  );

  it("is made again as the same request when it is the service's own copy", async () => {
    const stub = await startStub((_, index) => (index === 0 ? undefined : asStorage({ status: 201 })));
    onTestFinished(() => stub.stop());
    const credential = { kind: "shared-key", accountName: "acct", key: new Secret("c2VjcmV0") } as const;
    const account = { blobEndpoint: `${stub.url}/acct`, queueEndpoint: `${stub.url}/queue`, credential };
    const { ladder } = ladderTo(account, "results", { settings: { mode: "auto" }, hedging: soon() });
    const file = { fileName: "a", uri: `${stub.url}/acct/source/a?sig=x`, length: 5 };
    const result = await ladder.transfer(file, "a", { signal: new AbortController().signal });
    expect(result).toMatchObject({ outcome: "copied", method: "put-blob-from-url", attempts: 1 });
    const [first, second] = stub.requests;
    expect(stub.requests.length).toBe(2);
    expect(second).toMatchObject({ method: first?.method, url: first?.url });
    expect(second?.headers).toMatchObject({ "if-none-match": "*", "x-ms-copy-source": file.uri });
  });
});

describe("a request that hangs is not made again when it", () => {
  it("overwrites", async () => {
    await bench.target.getBlockBlobClient("a").upload("other", 5);
    const release = hold("put-blob", overwrites);
    const file = await bench.put("a", content(1_000));
    const work = bench.transfer(file, { hedging: soon(), settings: { onConflict: "overwrite" } });
    const overwriting = () => bench.proxy.requests.filter((seen) => overwrites(seen)).length;
    await expect.poll(overwriting).toBe(1);
    await sleep(5 * SOON_MS);
    release();
    expect(await work).toMatchObject({ outcome: "copied" });
    expect(overwriting()).toBe(1);
  });

  it("sends more than 256 KiB", async () => {
    const release = hold("put-blob");
    const file = await bench.put("a", content(256 * 1024 + 1));
    const work = bench.transfer(file, { hedging: soon(), settings: { blockBytes: 2 ** 20 } });
    await expect.poll(puts).toBe(1);
    await sleep(5 * SOON_MS);
    release();
    expect(await work).toMatchObject({ outcome: "copied", method: "put-blob" });
    expect(puts()).toBe(1);
  });

  it("is a block", async () => {
    const release = hold("put-block");
    const file = await bench.put("a", content(2 * BLOCK));
    const work = bench.transfer(file, { hedging: soon() });
    await expect.poll(() => bench.proxy.count("put-block")).toBe(2);
    await sleep(5 * SOON_MS);
    release();
    expect(await work).toMatchObject({ outcome: "copied", method: "put-blocks" });
    expect(bench.proxy.count("put-block")).toBe(2);
  });
});
