import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { parseTimetable } from "../../../src/core/timetable.ts";
import { VirtualClock } from "../virtual-service.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** As many requests as are let pass, each of these sizes in turn, by `lanes` at a time. */
function crowd(clock: VirtualClock, pacer: Pacer, lanes: number, sizes: readonly number[]) {
  let passed = 0;
  let asked = 0;
  const next = (): void => {
    const units = sizes[asked++ % sizes.length] ?? 1;
    const go = (): void => {
      passed += units;
      clock.after(3, next);
    };
    pacer.enqueue({ units, go });
  };
  for (let lane = 0; lane < lanes; lane++) next();
  return () => passed;
}

describe("a pacer", () => {
  it("holds its rate within 5 % over every 10 s, whatever the sizes up to a quarter of a second's", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 5_000 }),
        fc.array(fc.double({ min: 0.001, max: 0.25, noNaN: true }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 300 }),
        (rate, shares, lanes) => {
          const clock = new VirtualClock();
          const pacer = new Pacer(clock, () => rate);
          const sizes = shares.map((share) => Math.max(1, rate * share));
          const passed = crowd(clock, pacer, lanes, sizes);
          clock.runUntil(1_000);
          for (let window = 0; window < 3; window++) {
            const before = passed();
            clock.runUntil(clock.now() + 10_000);
            const enough = lanes * Math.min(...sizes) * 300 > rate;
            expect(passed() - before).toBeLessThan(10 * rate * 1.05);
            if (enough) expect(passed() - before).toBeGreaterThan(10 * rate * 0.95);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("catches up after a late timer, but not after a long pause", () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, () => 1_000);
    const { signal } = new AbortController();
    clock.runUntil(60_000);
    let atOnce = 0;
    while (pacer.pass(1, signal) === undefined) atOnce++;
    expect(atOnce).toBeGreaterThanOrEqual(40);
    expect(atOnce).toBeLessThanOrEqual(60);
  });

  it("follows a timetable while requests wait", () => {
    const start = new Date(2026, 6, 1, 19, 59, 30).getTime();
    const table = parseTimetable("08:00,10 20:00,off", Number);
    const clock = new VirtualClock();
    const passed = crowd(clock, new Pacer(clock, (now) => table.at(start + now)), 50, [1]);
    clock.runUntil(29_000);
    expect(passed()).toBeLessThan(310);
    clock.runUntil(32_000);
    expect(passed()).toBeGreaterThan(15_000);
  });

  it("lets nothing pass at a rate of 0, and goes on when the rate rises", () => {
    const clock = new VirtualClock();
    const passed = crowd(clock, new Pacer(clock, (now) => (now < 10_000 ? 0 : 10)), 50, [1]);
    clock.runUntil(9_900);
    expect(passed()).toBe(0);
    clock.runUntil(20_000);
    expect(passed()).toBeGreaterThan(85);
  });

  it("tells how long requests were held, and holds none without a rate", () => {
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    const free = new Pacer(clock, () => undefined);
    expect(free.pass(1e9, signal)).toBeUndefined();
    expect(free.heldMs).toBe(0);
    const pacer = new Pacer(clock, () => 1);
    clock.runUntil(1_000);
    expect(pacer.pass(1, signal)).toBeUndefined();
    let passed = 0;
    for (let n = 0; n < 2; n++) pacer.enqueue({ units: 1, go: () => passed++ });
    clock.runUntil(1_500);
    expect(pacer.heldMs).toBe(1_000);
    clock.runUntil(60_000);
    expect(passed).toBe(2);
  });

  it("lets waiting requests go on an abort, with its reason, and leaves no listener", async () => {
    const pacer = new Pacer(REAL_SURROUNDINGS, () => 0.001);
    const control = new AbortController();
    const free = pacer.pass(1, control.signal);
    const waits = [1, 2, 3].map(async () => pacer.pass(1, control.signal));
    const reason = new Error("stop");
    control.abort(reason);
    const outcomes = await Promise.allSettled(free === undefined ? waits : [free, ...waits]);
    expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThanOrEqual(3);
    expect(getEventListeners(control.signal, "abort")).toEqual([]);
  });
});
