import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WaitGivenUp } from "../../src/core/waits.ts";
import { Buffers, type HeldBuffer } from "../../src/transfer/buffers.ts";
import { TaskGroup } from "../../src/transfer/task-group.ts";
import { thrownBy } from "../azure/support.ts";
import { VirtualClock } from "../azure/virtual-service.ts";
import { Bench, BLOCK, content } from "./support.ts";

const KIB = 1024;
const never = new AbortController().signal;
/** Lets everything that can go on go on. */
const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the buffers", () => {
  it("are passed only by one request that is larger and alone, serve in order, and get everything back", async () => {
    const step = fc.record({
      bytes: fc.integer({ min: 0, max: 150 * KIB }),
      next: fc.constantFrom("keep", "release", "abort"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const buffers = new Buffers(128 * KIB);
        const held: { readonly bytes: number; readonly release: () => void }[] = [];
        const waiting: { readonly index: number; readonly abort: AbortController }[] = [];
        const served: number[] = [];
        const check = (): void => {
          const used = held.reduce((sum, { bytes }) => sum + bytes, 0);
          if (held.length > 1) expect(used).toBeLessThanOrEqual(128 * KIB);
        };
        for (const [index, { bytes, next }] of steps.entries()) {
          const abort = new AbortController();
          waiting.push({ index, abort });
          void buffers
            .acquire(bytes, abort.signal)
            .then(({ release }) => {
              served.push(index);
              held.push({ bytes, release });
            })
            .catch(() => {})
            .finally(() =>
              waiting.splice(
                waiting.findIndex((other) => other.index === index),
                1,
              ),
            );
          await settle();
          if (next === "release") held.shift()?.release();
          if (next === "abort") waiting.at(-1)?.abort.abort();
          await settle();
          check();
        }
        while (held.length > 0) {
          const { release } = held.shift() ?? {};
          release?.();
          release?.();
          await settle();
          check();
        }
        expect(waiting).toEqual([]);
        expect(served).toEqual(served.toSorted((a, b) => a - b));
        // Nothing was given back twice and nothing was lost: all of it can be had at once, and no more.
        const all = await buffers.acquire(128 * KIB, never);
        const more = buffers.acquire(1, never);
        expect(await Promise.race([more, settle().then(() => "waits")])).toBe("waits");
        all.release();
        await more;
      }),
      { numRuns: 60 },
    );
  });

  it("are used again, whatever lengths follow one another, and keep no more than the limit", async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(lengths, async (all) => {
        const buffers = new Buffers(100_000);
        for (const length of all) {
          const { bytes, release } = await buffers.acquire(length, never);
          expect(bytes.length).toBe(length);
          release();
          const again = await buffers.acquire(length, never);
          expect(again.bytes.buffer).toBe(bytes.buffer);
          expect(again.bytes.byteOffset).toBe(bytes.byteOffset);
          again.release();
          expect(buffers.keptBytes).toBeLessThanOrEqual(100_000);
        }
      }),
    );
    const buffers = new Buffers(100_000);
    const one = await buffers.acquire(16_384, never);
    const other = await buffers.acquire(16_384, never);
    expect(other.bytes.buffer).not.toBe(one.bytes.buffer);
    one.release();
    one.release();
    const [third, fourth] = [await buffers.acquire(9_000, never), await buffers.acquire(9_000, never)];
    expect(third.bytes.buffer).toBe(one.bytes.buffer);
    expect(fourth.bytes.buffer).not.toBe(one.bytes.buffer);
  });

  it("let an abort leave at once with its reason, and serve those behind it", async () => {
    const buffers = new Buffers(128 * KIB);
    const { release } = await buffers.acquire(64 * KIB, never);
    const run = new AbortController();
    const large = buffers.acquire(128 * KIB, run.signal);
    const small = buffers.acquire(40 * KIB, never);
    const reason = new Error("stop");
    run.abort(reason);
    expect(await thrownBy(large)).toBe(reason);
    (await small).release();
    release();
    expect(getEventListeners(run.signal, "abort")).toEqual([]);
    expect(await thrownBy(buffers.acquire(1, run.signal))).toBe(reason);
  });
});

describe("the time for which buffers are waited", () => {
  it("is that of all who wait together, until they have one or give up", async () => {
    const clock = new VirtualClock();
    const buffers = new Buffers(64 * KIB, { surroundings: clock });
    const { release } = await buffers.acquire(64 * KIB, never);
    clock.runUntil(1_000);
    expect(buffers.heldMs).toBe(0);
    const run = new AbortController();
    const served = buffers.acquire(1, never);
    clock.runUntil(1_010);
    const givenUp = thrownBy(buffers.acquire(64 * KIB, run.signal));
    clock.runUntil(1_030);
    expect(buffers.heldMs).toBe(30 + 20);
    run.abort(new Error("stop"));
    await givenUp;
    clock.runUntil(1_035);
    release();
    await served;
    clock.runUntil(2_000);
    expect(buffers.heldMs).toBe(35 + 20);
  });
});

describe("lanes", () => {
  it("run so many tasks at once and no more", async () => {
    const lanes = new TaskGroup(3);
    let running = 0;
    let most = 0;
    for (let n = 0; n < 20; n++) {
      await lanes.add(async () => {
        most = Math.max(most, ++running);
        await settle();
        running--;
      });
    }
    await lanes.settled();
    expect(most).toBe(3);
  });

  it("take nothing after an error, clean up for all, and report the first error", async () => {
    const lanes = new TaskGroup(2);
    const first = new Error("first");
    const cleaned: number[] = [];
    let started = 0;
    const add = async (n: number) =>
      lanes.add(
        async () => {
          started++;
          await settle();
          if (n >= 1) throw n === 1 ? first : new Error("later");
        },
        () => cleaned.push(n),
      );
    await add(0);
    await add(1);
    await settle();
    const outcomes = await Promise.allSettled([add(2), add(3)]);
    await lanes.settled();
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: first });
    expect(() => lanes.throwFirst()).toThrow(first);
    expect(cleaned.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect(started).toBe(2);
  });
});

describe("the memory of a transfer", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.proxy.stop());
  beforeEach(() => bench.reset());

  it("stays within the limit, however many and large the files are, and is all given back", async () => {
    let used = 0;
    let most = 0;
    class Watched extends Buffers {
      override async acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer> {
        const held = await super.acquire(bytes, signal);
        most = Math.max(most, (used += bytes));
        let isHeld = true;
        const release = (): void => {
          if (isHeld) used -= bytes;
          isHeld = false;
          held.release();
        };
        return { bytes: held.bytes, release };
      }
    }
    const { ladder } = bench.ladder({ buffers: new Watched(5 * BLOCK), settings: { blocksAtOnce: 4 } });
    const files = await Promise.all(
      [...Array(12).keys()].map(async (n) => bench.put(`f${n}`, content(n * BLOCK))),
    );
    // Some fail on their way: what they hold must come back too.
    bench.proxy.fail({
      fault: { kind: "cut-body", afterBytes: 9 },
      operation: "get-blob",
      skip: 3,
      times: 5,
    });
    bench.proxy.fail({
      fault: { kind: "answer", status: 400 },
      operation: ["put-block", "put-blob"],
      skip: 20,
      times: 3,
    });
    const { signal } = new AbortController();
    const results = await Promise.allSettled(
      files.map(async (file) => ladder.transfer(file, file.fileName, { signal })),
    );
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(9);
    expect(most).toBeLessThanOrEqual(5 * BLOCK);
    expect(most).toBeGreaterThan(BLOCK);
    expect(used).toBe(0);
  });

  it("is waited for before the source is asked, but for a few, and the wait is given up when the run drains", async () => {
    const buffers = new Buffers(4 * BLOCK);
    const held = await buffers.acquire(4 * BLOCK, never);
    const { ladder } = bench.ladder({ buffers });
    const names = ["a", "b", "c"];
    const files = await Promise.all(names.map(async (name) => bench.put(name, content(BLOCK))));
    bench.proxy.forget();
    const drain = new AbortController();
    const [work, given] = [never, drain.signal].map((until) =>
      files.map(async (file) =>
        ladder.transfer(file, file.fileName, { signal: never, waits: { signal: until } }),
      ),
    );
    await expect.poll(() => bench.proxy.count("get-blob")).toBe(1);
    await settle();
    expect(bench.proxy.count("get-blob")).toBe(1);
    drain.abort(new WaitGivenUp());
    for (const one of given ?? []) expect(await thrownBy(one)).toBeInstanceOf(WaitGivenUp);
    held.release();
    const results = await Promise.all(work ?? []);
    expect(results.map(({ outcome }) => outcome)).toEqual(["copied", "copied", "copied"]);
    expect(bench.proxy.count("get-blob")).toBe(3);
    expect(buffers.begunBytes).toBe(0);
    (await buffers.acquire(4 * BLOCK, never)).release();
  });

  it("comes back when the run is aborted in the middle", async () => {
    const buffers = new Buffers(2 * BLOCK);
    const { ladder } = bench.ladder({ buffers });
    const file = await bench.put("a", content(8 * BLOCK));
    const run = new AbortController();
    bench.proxy.fail({ fault: { kind: "hang" }, operation: "put-block", skip: 2 });
    const work = thrownBy(ladder.transfer(file, "a", { signal: run.signal }));
    await expect.poll(() => bench.proxy.count("put-block")).toBeGreaterThan(2);
    run.abort(new Error("stop"));
    await work;
    (await buffers.acquire(2 * BLOCK, never)).release();
  });
});
