import { describe, expect, it } from "vitest";
import { type MachinePast, measurePace } from "../../src/progress/pace.ts";
import type { StartRecord } from "../../src/state/past.ts";

const T0 = 1_800_000_000_000;

function start(more: Partial<StartRecord> & { readonly from: number; readonly to: number }): StartRecord {
  const { from, to, ...rest } = more;
  return {
    number: 1,
    host: "machine",
    beganAt: T0 + from,
    lastAt: T0 + to,
    endedAt: T0 + to,
    exitCode: 0,
    why: "finished",
    files: 0,
    failed: 0,
    bytes: 0,
    ...rest,
  };
}

const machine = (...starts: StartRecord[]): MachinePast => ({ starts, history: [] });

describe("the pace of a run", () => {
  it("spreads what a start did between its points, and loses nothing", () => {
    const one = {
      starts: [start({ from: 0, to: 100_000, files: 1_000, failed: 10, bytes: 5_000 })],
      history: [{ start: 1, at: T0 + 50_000, files: 100, failed: 10, bytes: 500 }],
    };
    const pace = measurePace([one], 10);
    expect(pace).toMatchObject({
      stepMs: 10_000,
      activeMs: 100_000,
      total: { files: 1_000, failed: 10, bytes: 5_000 },
    });
    expect(pace?.steps.map(({ files }) => Math.round(files))).toEqual([
      20, 20, 20, 20, 20, 180, 180, 180, 180, 180,
    ]);
    expect(pace?.steps.map(({ failed }) => failed)).toEqual([2, 2, 2, 2, 2, 0, 0, 0, 0, 0]);
  });

  it("adds up the machines, and counts time at work once", () => {
    const pace = measurePace(
      [
        machine(start({ from: 0, to: 60_000, files: 60 })),
        machine(start({ from: 30_000, to: 90_000, files: 120 })),
      ],
      9,
    );
    expect(pace?.activeMs).toBe(90_000);
    expect(pace?.steps.map(({ files }) => files)).toEqual([10, 10, 10, 30, 30, 30, 20, 20, 20]);
    expect(pace?.steps.every(({ active }) => active === 1)).toBe(true);
  });

  it("leaves the time between two starts empty", () => {
    const pace = measurePace(
      [
        machine(
          start({ from: 0, to: 20_000, files: 20 }),
          start({ number: 2, from: 80_000, to: 100_000, files: 20 }),
        ),
      ],
      5,
    );
    expect(pace?.steps.map(({ active }) => active)).toEqual([1, 0, 0, 0, 1]);
    expect(pace?.activeMs).toBe(40_000);
  });

  it("takes a start that was killed up to its last sign, and one that took no time for a moment", () => {
    const killed = start({
      from: 0,
      to: 10_000,
      files: 50,
      endedAt: undefined,
      exitCode: undefined,
      why: undefined,
    });
    const moment = start({ number: 2, from: 5_000, to: 5_000, files: 7 });
    const pace = measurePace([machine(killed, moment)], 2);
    expect(pace?.total.files).toBe(57);
    expect(pace?.steps.reduce((all, { files }) => all + files, 0)).toBeCloseTo(57);
  });

  it("has no more steps than are asked for, and is not there when nothing took any time", () => {
    expect(
      measurePace([machine(start({ from: 0, to: 3_600_500, files: 1 }))], 120)?.steps.length,
    ).toBeLessThanOrEqual(120);
    expect(measurePace([machine(start({ from: 0, to: 0 }))], 120)).toBeUndefined();
    expect(measurePace([], 120)).toBeUndefined();
  });
});
