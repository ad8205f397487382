import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import { planBlocks } from "../../src/transfer/block-plan.ts";
import { Hasher } from "../../src/transfer/hasher.ts";
import type { TransferSettings } from "../../src/transfer/tools.ts";
import { thrownBy } from "../azure/support.ts";
import type { Operation } from "../support/operations.ts";
import { Bench, BLOCK, content, md5Of } from "./support.ts";

const MIB = 2 ** 20;
const TIB = 2 ** 40;

describe("the plan of blocks", () => {
  const anyLength = fc.oneof(
    fc.nat({ max: 10 ** 6 }),
    fc.double({ min: 0, max: 190 * TIB, noNaN: true }).map(Math.floor),
  );
  const anyBlock = fc.integer({ min: 256, max: 64 * MIB });

  it("covers every byte once, in equal blocks but the last, within the service's limits", () => {
    fc.assert(
      fc.property(anyLength, anyBlock, (length, wanted) => {
        fc.pre(length / wanted < 2_000_000 || length > 10 ** 9);
        const blocks = planBlocks(length, "etag", wanted);
        expect(blocks.length).toBeLessThanOrEqual(50_000);
        let offset = 0;
        for (const [index, block] of blocks.entries()) {
          if (block.offset !== offset || block.count < 1) throw new Error(`block ${index} stands wrong`);
          if (index < blocks.length - 1 && block.count !== blocks[0]?.count)
            throw new Error(`unequal ${index}`);
          offset += block.count;
        }
        expect(offset).toBe(length);
        expect(new Set(blocks.map(({ id }) => id)).size).toBe(blocks.length);
        expect(new Set(blocks.map(({ id }) => id.length)).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });

  it("is the same again for the same version, and shares no id with another version or length of block", () => {
    const ids = (etag: string, blockBytes: number) =>
      planBlocks(5 * MIB, etag, blockBytes).map(({ id }) => id);
    expect(ids("one", MIB)).toEqual(ids("one", MIB));
    for (const other of [ids("two", MIB), ids("one", MIB / 2)]) {
      expect(ids("one", MIB).filter((id) => other.includes(id))).toEqual([]);
    }
  });

  it("takes the length of the ids that are staged already", () => {
    for (const bytes of [4, 6, 20, 36, 48, 64]) {
      const staged = new Set([Buffer.alloc(bytes, 1).toString("base64")]);
      const blocks = planBlocks(3000, "etag", 1000, staged);
      expect(blocks.map(({ id }) => Buffer.from(id, "base64").length)).toEqual([bytes, bytes, bytes]);
      expect(new Set(blocks.map(({ id }) => id)).size).toBe(3);
    }
  });

  it("refuses what no block blob can hold", () => {
    expect(() => planBlocks(200 * TIB, "etag", MIB)).toThrow(FileFailure);
  });
});

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

it("a file that would have more blocks than the service takes is sent in longer ones and loses nothing", async () => {
  const body = content(3_300_000);
  const file = await bench.put("a", body);
  const settings = { blockBytes: 64 } as const;
  expect(await bench.transfer(file, { settings })).toMatchObject({ outcome: "copied", bytes: body.length });
  expect(bench.proxy.count("put-block")).toBe(4);
  expect((await bench.found()).get("a")).toMatchObject({ md5: md5Of(body), contentMd5: md5Of(body) });
});

it("a large file that is streamed is hashed from its beginning here when the thread that hashes dies in the middle", async () => {
  const hasher = new Hasher({ fromBytes: BLOCK });
  const body = content(6 * BLOCK);
  const file = { ...(await bench.put("a", body)), length: body.length };
  const held = Promise.withResolvers<void>();
  bench.proxy.fail({ fault: { kind: "hold", until: held.promise }, operation: "put-block" });
  const copied = bench.transfer(file, { hasher });
  await expect.poll(() => bench.proxy.count("put-block"), { timeout: 10_000 }).toBeGreaterThan(0);
  // No bytes at all: neither thread can hash that.
  await thrownBy(hasher.md5({ length: BLOCK } as Buffer, new AbortController().signal));
  bench.proxy.heal();
  held.resolve();
  expect(await copied).toMatchObject({ outcome: "copied" });
  expect((await bench.found()).get("a")).toMatchObject({ md5: md5Of(body), contentMd5: md5Of(body) });
});

const WAYS: readonly [string, Operation, Partial<TransferSettings>][] = [
  ["streamed", "put-block", { mode: "stream" }],
  ["copied by the service", "put-block-from-url", { mode: "server", serverCopyLimit: 1 }],
];

describe.each(WAYS)("a large file that is %s", (_, operation, settings) => {
  it("continues where an abort in the middle left it", async () => {
    const body = content(12 * BLOCK);
    const file = { ...(await bench.put("a", body)), length: body.length };
    const run = new AbortController();
    // Five blocks arrive, the others hang until the run is given up.
    bench.proxy.fail({ fault: { kind: "hang" }, operation, skip: 5 });
    const cut = thrownBy(bench.transfer(file, { settings, signal: run.signal }));
    const arrived = () => bench.proxy.requests.filter((seen) => seen.status === 201).length;
    await expect.poll(arrived, { timeout: 10_000 }).toBe(5);
    const reason = new Error("killed");
    run.abort(reason);
    expect(await cut).toBe(reason);
    expect((await bench.found()).size).toBe(0);
    bench.proxy.heal();
    bench.proxy.forget();
    expect(await bench.transfer(file, { settings })).toMatchObject({ outcome: "copied", bytes: body.length });
    expect(bench.proxy.count(operation)).toBe(7);
    expect((await bench.found()).get("a")).toMatchObject({ md5: md5Of(body), contentMd5: md5Of(body) });
  });

  it("does not use blocks of an earlier version of the source", async () => {
    const run = new AbortController();
    const old = await bench.put("a", content(4 * BLOCK));
    bench.proxy.fail({ fault: { kind: "hang" }, operation: "put-block-list" });
    const cut = thrownBy(bench.transfer({ ...old, length: 4 * BLOCK }, { settings, signal: run.signal }));
    await expect.poll(() => bench.proxy.count("put-block-list"), { timeout: 10_000 }).toBe(1);
    run.abort(new Error("killed"));
    await cut;
    bench.proxy.heal();
    bench.proxy.forget();
    const body = content(4 * BLOCK);
    const file = { ...(await bench.put("a", body)), length: body.length };
    await bench.transfer(file, { settings });
    expect(bench.proxy.count(operation)).toBe(4);
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it.each([6, 20, 48])("replaces blocks that another tool staged with ids of %i bytes", async (bytes) => {
    const id = Buffer.alloc(bytes, "x").toString("base64");
    await bench.target.getBlockBlobClient("a").stageBlock(id, "foreign", 7);
    const body = content(3 * BLOCK);
    const file = { ...(await bench.put("a", body)), length: body.length };
    expect(await bench.transfer(file, { settings })).toMatchObject({ outcome: "copied" });
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("sends blocks again that meet errors, and no other", async () => {
    const body = content(6 * BLOCK);
    const file = { ...(await bench.put("a", body)), length: body.length };
    bench.proxy.fail({ fault: { kind: "answer", status: 503 }, operation, skip: 2, times: 1 });
    bench.proxy.fail({ fault: { kind: "reset-after" }, operation, skip: 2, times: 1 });
    expect(await bench.transfer(file, { settings })).toMatchObject({ outcome: "copied" });
    expect(bench.proxy.count(operation)).toBe(8);
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("is not created when one block cannot be had", async () => {
    const file = { ...(await bench.put("a", content(6 * BLOCK))), length: 6 * BLOCK };
    bench.proxy.fail({ fault: { kind: "answer", status: 500 }, operation, skip: 3 });
    expect(await thrownBy(bench.transfer(file, { settings }))).toMatchObject({ code: "network" });
    expect((await bench.found()).size).toBe(0);
    expect(bench.proxy.count("put-block-list")).toBe(0);
  });

  it("has few blocks under way at once", async () => {
    const file = { ...(await bench.put("a", content(24 * BLOCK))), length: 24 * BLOCK };
    await bench.transfer(file, { settings: { ...settings, blocksAtOnce: 3 } });
    expect(bench.proxy.maxInFlight).toBeLessThanOrEqual(4);
    expect(bench.proxy.maxInFlight).toBeGreaterThan(1);
  });
});
