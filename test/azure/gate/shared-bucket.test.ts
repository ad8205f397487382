import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GateMemory } from "../../../src/azure/gate/gate-memory.ts";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { SharedBucket } from "../../../src/azure/gate/shared-bucket.ts";
import { VirtualClock } from "../virtual-service.ts";

/** What the pacers of so many threads let pass of one bucket, each with so many that ask again and again. */
function crowd(clock: VirtualClock, bucket: SharedBucket, threads: number, lanes: number, sizes: number[]) {
  const passed = Array.from({ length: threads }, () => 0);
  for (let thread = 0; thread < threads; thread++) {
    const own = new SharedBucket(bucket.memory);
    const pacer = new Pacer(clock, () => own.rate, own);
    let asked = thread;
    const next = (): void => {
      const units = sizes[asked++ % sizes.length] ?? 1;
      const go = (): void => {
        passed[thread] = (passed[thread] ?? 0) + units;
        clock.after(3, next);
      };
      pacer.enqueue({ units, go });
    };
    for (let lane = 0; lane < lanes; lane++) next();
  }
  return { each: passed, sum: () => passed.reduce((total, units) => total + units, 0) };
}

describe("a bucket that threads share", () => {
  it("lets them pass no more together than its rate over the time and a burst, and no less than 95 % of it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 5_000 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.double({ min: 0.001, max: 0.25, noNaN: true }), { minLength: 1, maxLength: 4 }),
        (rate, threads, shares) => {
          const clock = new VirtualClock();
          const bucket = SharedBucket.create(0);
          bucket.setRate(rate, 0);
          const sizes = shares.map((share) => Math.max(1, rate * share));
          const passed = crowd(clock, bucket, threads, 100, sizes);
          for (let end = 1_000; end <= 20_000; end += 1_000) {
            clock.runUntil(end);
            // A burst of 50 ms, and what passed last may be in debt.
            expect(passed.sum()).toBeLessThanOrEqual((rate * (end + 50)) / 1_000 + Math.max(...sizes) + 1);
          }
          const isEnough = threads * 100 * Math.min(...sizes) * 300 > rate;
          if (isEnough) expect(passed.sum()).toBeGreaterThan(20 * rate * 0.95);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("gives each thread its part", () => {
    const clock = new VirtualClock();
    const bucket = SharedBucket.create(0);
    bucket.setRate(300, 0);
    const { each } = crowd(clock, bucket, 3, 50, [1]);
    clock.runUntil(60_000);
    for (const passed of each) expect(passed).toBeGreaterThan(0.2 * 300 * 60);
  });

  it("is paid at a new rate for what is owed, and begins anew after a time without a limit", () => {
    const bucket = SharedBucket.create(0);
    bucket.setRate(10, 0);
    expect(bucket.take(1_000, 10, 1)).toBe(true);
    expect(bucket.take(1, 10, 1_000)).toBe(false);
    bucket.setRate(1_000, 1_000);
    expect(bucket.debtMs(1_000, 1_000)).toBe(990);
    expect(bucket.take(1, 1_000, 1_900)).toBe(false);
    expect(bucket.take(1, 1_000, 2_000)).toBe(true);
    bucket.setRate(undefined, 2_000);
    expect(bucket.rate).toBeUndefined();
    bucket.setRate(10, 60_000);
    expect([1, 2].map(() => bucket.take(1, 10, 60_001))).toEqual([true, false]);
    bucket.setRate(0, 60_001);
    expect(bucket.take(1, 0, 99_000)).toBe(false);
  });

  it("tells for how long all of them were held", () => {
    const clock = new VirtualClock();
    const bucket = SharedBucket.create(0);
    bucket.setRate(0, 0);
    const pacers = [1, 2].map(() => {
      const own = new SharedBucket(bucket.memory);
      return new Pacer(clock, () => own.rate, own);
    });
    for (const pacer of pacers) pacer.enqueue({ units: 1, go: () => {} });
    clock.runUntil(500);
    for (const pacer of pacers) pacer.account();
    expect(bucket.heldMs).toBe(1_000);
  });
});

describe("the budget of second requests that threads share", () => {
  it("is one: what one thread earns, another may spend, and once", () => {
    const memory = GateMemory.create(0);
    const [one, other] = [memory.hedges, new GateMemory(memory.buffer).hedges];
    for (let n = 0; n < 120; n++) one.earn(100);
    expect(other.has(100)).toBe(true);
    expect([other.spend(50), one.spend(50), other.spend(50)]).toEqual([true, true, false]);
    one.giveBack(50);
    expect([other.spend(50), one.spend(1)]).toEqual([true, false]);
  });
});
