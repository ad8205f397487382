import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BegunRead, Buffers, type HeldBuffer } from "../../src/transfer/buffers.ts";
import { thrownBy } from "../azure/support.ts";

const KIB = 1024;
const LIMIT = 1024 * KIB;
const never = new AbortController().signal;
/** Lets everything that can go on go on. */
const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time that passes when everybody waits. */
class Clock {
  now = 0;
  readonly #sleeping: { readonly at: number; readonly wake: () => void }[] = [];

  monotonic(): number {
    return this.now;
  }

  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleeping.push({ at: this.now + ms, wake: resolve });
    return promise;
  }

  /** Until nobody sleeps any more. */
  async run(): Promise<void> {
    for (await settle(); this.#sleeping.length > 0; await settle()) {
      this.now = Math.min(...this.#sleeping.map(({ at }) => at));
      for (const one of this.#sleeping.filter(({ at }) => at === this.now)) {
        this.#sleeping.splice(this.#sleeping.indexOf(one), 1);
        one.wake();
      }
    }
  }
}

interface Streams {
  readonly slots: number;
  readonly files: number;
  readonly fileBytes: number;
  /** Until the source answers, and until the target does, ms. */
  readonly readMs: number;
  readonly writeMs: number;
  /** For all files of one thread, one after the other, ms each. */
  readonly workMs: number;
  readonly beginsAtOnce?: boolean;
}

/** Slots that read and write files as `BlobSource` does. @returns how long it took, and the most reads that asked for a buffer at once */
async function stream(streams: Streams): Promise<{ ms: number; mostWaiting: number; heldMs: number }> {
  const { slots, files, fileBytes, readMs, writeMs, workMs, beginsAtOnce = false } = streams;
  const clock = new Clock();
  const buffers = new Buffers(LIMIT, { surroundings: clock });
  let [left, waiting, mostWaiting, threadFreeAt] = [files, 0, 0, 0];
  const work = async (): Promise<void> => {
    threadFreeAt = Math.max(threadFreeAt, clock.now) + workMs;
    await clock.sleep(threadFreeAt - clock.now);
  };
  const slot = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = beginsAtOnce ? undefined : await buffers.beginRead(fileBytes, never);
      await clock.sleep(readMs);
      mostWaiting = Math.max(mostWaiting, ++waiting);
      const held = await (begun ?? buffers).acquire(fileBytes, never);
      waiting--;
      await work();
      await clock.sleep(writeMs);
      held.release();
    }
  };
  const all = Promise.all(Array.from({ length: slots }, slot));
  await clock.run();
  await all;
  return { ms: clock.now, mostWaiting, heldMs: buffers.heldMs };
}

describe("reads that begin", () => {
  it("are never more than the memory and what they learned to be useful, begin in order, and give back what they had at their end and at an abort", async () => {
    const step = fc.record({
      bytes: fc.option(fc.integer({ min: 0, max: 1_500 * KIB }), { nil: undefined }),
      next: fc.constantFrom("begin", "answer", "release", "fail", "abort"),
      which: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const buffers = new Buffers(LIMIT);
        const began: number[] = [];
        const open: { readonly bytes: number; readonly read: BegunRead }[] = [];
        const asking: AbortController[] = [];
        const held: HeldBuffer[] = [];
        const waits = new Map<number, AbortController>();
        const answer = async (bytes: number, read: BegunRead, abort: AbortController): Promise<void> => {
          asking.push(abort);
          try {
            held.push(await read.acquire(bytes, abort.signal));
          } catch {
            // aborted
          } finally {
            read.end();
            asking.splice(asking.indexOf(abort), 1);
          }
        };
        const check = (): void => {
          const used = held.reduce((sum, { bytes }) => sum + bytes.length, 0);
          if (held.length > 1) expect(used).toBeLessThanOrEqual(LIMIT);
          if (open.length + asking.length > 1)
            expect(buffers.begunBytes + used).toBeLessThanOrEqual(5 * LIMIT);
        };
        const pick = <T>(all: T[], which: number): T | undefined =>
          all.splice(which % (all.length || 1), 1)[0];
        for (const [index, { bytes, next, which }] of steps.entries()) {
          const abort = new AbortController();
          if (next === "begin") {
            waits.set(index, abort);
            void buffers.beginRead(bytes, abort.signal).then(
              (read) => {
                waits.delete(index);
                began.push(index);
                open.push({ bytes: bytes ?? 0, read });
              },
              () => waits.delete(index),
            );
          }
          if (next === "answer") {
            const one = pick(open, which);
            if (one !== undefined) void answer(one.bytes, one.read, abort);
          }
          if (next === "release") pick(held, which)?.release();
          if (next === "fail") pick(open, which)?.read.end();
          if (next === "abort")
            [...waits.values(), ...asking].at(which % (waits.size + asking.length || 1))?.abort();
          await settle();
          check();
        }
        while (held.length + open.length + waits.size + asking.length > 0) {
          held.shift()?.release();
          open.shift()?.read.end();
          await settle();
          check();
        }
        expect(began).toEqual(began.toSorted((a, b) => a - b));
        expect(buffers.begunBytes).toBe(0);
        (await buffers.acquire(LIMIT, never)).release();
      }),
      { numRuns: 100 },
    );
  });

  it("wait while a quarter of the memory more than is free has begun", async () => {
    const buffers = new Buffers(LIMIT);
    const length = LIMIT / 16;
    const reads: (BegunRead | undefined)[] = Array.from({ length: 40 }, () => buffers.beginReadNow(length));
    expect(reads.filter((read) => read !== undefined)).toHaveLength(16 + 4);
    const late = buffers.beginRead(length, never);
    expect(await Promise.race([late, settle().then(() => "waits")])).toBe("waits");
    reads[0]?.end();
    reads[0]?.end();
    (await late).end();
  });

  it("begin alone whatever their length", async () => {
    const buffers = new Buffers(LIMIT);
    const held = await buffers.acquire(LIMIT, never);
    expect(buffers.beginReadNow(20 * LIMIT)).toBeDefined();
    expect(buffers.beginReadNow(1)).toBeUndefined();
    held.release();
  });

  it("leave at once when they are aborted, with the reason, and let the next ones begin", async () => {
    const buffers = new Buffers(LIMIT);
    const first = buffers.beginReadNow(LIMIT);
    const run = new AbortController();
    const large = buffers.beginRead(LIMIT, run.signal);
    const small = buffers.beginRead(LIMIT / 16, never);
    const reason = new Error("stop");
    run.abort(reason);
    expect(await thrownBy(large)).toBe(reason);
    (await small).end();
    first?.end();
    expect(await thrownBy(buffers.beginRead(1, run.signal))).toBe(reason);
  });

  // 16 files fit into the memory, for 64 slots.
  const few = { slots: 64, files: 1_500, fileBytes: LIMIT / 16 };

  it("do not pile up before the memory when the thread is what limits", async () => {
    const full = { ...few, readMs: 20, writeMs: 20, workMs: 4 };
    const before = await stream({ ...full, beginsAtOnce: true });
    const now = await stream(full);
    expect(before.mostWaiting).toBeGreaterThan(40);
    expect(now.mostWaiting).toBeLessThan(24);
    expect(now.ms).toBeLessThan(1.02 * before.ms);
  });

  it.each([
    { readMs: 20, writeMs: 200 },
    { readMs: 200, writeMs: 200 },
    { readMs: 300, writeMs: 100 },
  ])(
    "begin early enough that memory is not idle where the services take long: $readMs and $writeMs ms",
    async (latency) => {
      const far = { ...few, ...latency, workMs: 0.1 };
      const before = await stream({ ...far, beginsAtOnce: true });
      const now = await stream(far);
      expect(now.ms).toBeLessThan(1.12 * before.ms);
    },
  );

  it("tell how long they waited, for a number of slots that finds itself", async () => {
    const { ms, heldMs } = await stream({ ...few, readMs: 20, writeMs: 20, workMs: 4 });
    expect(heldMs / (few.slots * ms)).toBeGreaterThan(0.5);
    const enough = await stream({ ...few, slots: 8, readMs: 20, writeMs: 20, workMs: 4 });
    expect(enough.heldMs).toBe(0);
  });
});
