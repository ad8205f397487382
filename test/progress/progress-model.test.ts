import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProgressModel } from "../../src/progress/progress-model.ts";
import type { ProgressSample, ProgressView } from "../../src/progress/progress.ts";
import { GONE, LIVE, sampleAt, type SummaryParts } from "./samples.ts";

/** A run of one work item with 10,000 files, of which so many are copied. */
function copied(files: number): SummaryParts {
  return {
    workItems: { in_progress: 1 },
    files: { total: 10_000, copied: files },
    bytes: files * 1_000,
  };
}

/** The model after samples a second apart. */
function after(samples: readonly SummaryParts[]): ProgressModel {
  const model = new ProgressModel(sampleAt(0, samples[0] ?? {}));
  for (const [second, parts] of samples.entries()) model.add(sampleAt(second, parts));
  return model;
}

const seconds = (count: number) => Array.from({ length: count + 1 }, (_, second) => second);

describe("the progress", () => {
  it("puts each work item and each file into one class", () => {
    const view = after([
      {
        workItems: { pending: 5, in_progress: 2, completed: 10, empty: 1, failed: 3 },
        files: { total: 100, copied: 50, alreadyThere: 7, failed: 6, skipped: 2, uploaded: 4, leftOut: 9 },
      },
    ]).view();
    expect(view.workItems).toEqual({
      total: 21,
      done: 10,
      empty: 1,
      failed: 3,
      skipped: 0,
      left: 7,
      inProgress: 2,
    });
    expect(view.files).toEqual({
      total: 100,
      totalIsKnown: true,
      done: 57,
      failed: 6,
      skipped: 2,
      left: 35,
      leftOut: 9,
    });
  });
});

describe("the rates", () => {
  it("are not known before 2 s", () => {
    expect(after([copied(0), copied(100)]).view().filesPerSecond).toBeUndefined();
    expect(after([copied(0), copied(100), copied(200)]).view().filesPerSecond).toBe(100);
  });

  it("cover only the last 10 s", () => {
    const counts = [
      ...seconds(60).map((second) => second * 10),
      ...seconds(10).map((second) => 600 + second * 3),
    ];
    const view = after(counts.map(copied)).view();
    expect(view.filesPerSecond).toBeCloseTo(3, 5);
    expect(view.bytesPerSecond).toBeCloseTo(3_000, 5);
  });

  it("leave out what was done before this start", () => {
    const view = after(seconds(5).map((second) => copied(5_000 + second * 10))).view();
    expect(view.filesPerSecond).toBeCloseTo(10, 5);
    expect(view.thisStart).toEqual({ files: 50, bytes: 50_000, workItems: 0 });
    expect(view.eta?.lowMs).toBe(495_000);
  });

  it("count a file that failed or was skipped as finished", () => {
    const parts = (count: number): SummaryParts => ({
      workItems: { in_progress: 1 },
      files: { total: 100, failed: count, skipped: count, alreadyThere: count },
    });
    expect(after(seconds(4).map(parts)).view().filesPerSecond).toBeCloseTo(3, 5);
  });

  it("count work items over the last minute, in whatever way they ended", () => {
    // One every 5 s; for the minute before the last one every 2 s.
    const parts = (second: number): SummaryParts => ({
      workItems: { pending: 100, completed: Math.floor(second / 5), empty: second > 60 ? second - 60 : 0 },
    });
    expect(after(seconds(60).map(parts)).view().workItemsPerMinute).toBeCloseTo(12, 5);
    const view = after(seconds(120).map(parts)).view();
    expect(view.workItemsPerMinute).toBeCloseTo(72, 5);
    expect(view.thisStart.workItems).toBe(84);
    expect(after(seconds(1).map(parts)).view().workItemsPerMinute).toBeUndefined();
  });

  it("fall to 0 when nothing is finished for 10 s", () => {
    const counts = [...seconds(10), ...seconds(11).map(() => 10)];
    expect(after(counts.map(copied)).view().filesPerSecond).toBe(0);
  });
});

describe("the ETA", () => {
  it("is the files left divided by the rate when the rate is constant", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 2, max: 400 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (rate, elapsed, left) => {
          const total = rate * elapsed + left;
          const model = after(
            seconds(elapsed).map((second) => ({
              workItems: { in_progress: 1 },
              files: { total, copied: rate * second },
            })),
          );
          const wanted = (left / rate) * 1_000;
          const { eta } = model.view();
          expect(eta?.lowMs).toBeGreaterThanOrEqual(wanted - 1);
          expect(eta?.highMs).toBeLessThanOrEqual(wanted + 1);
        },
      ),
    );
  });

  it("spans from the fastest to the slowest of the last 10 s, 5 min and the whole run", () => {
    const counts = [
      ...seconds(60).map((second) => second * 10),
      ...seconds(60).map((second) => 600 + second * 2),
    ];
    const { eta, files } = after(counts.map(copied)).view();
    expect(eta?.highMs).toBeCloseTo(((files.left ?? 0) / 2) * 1_000, -1);
    expect(eta?.lowMs).toBe(Math.floor(((files.left ?? 0) / (720 / 121)) * 1_000));
  });

  it("includes the rate of the last 5 min between the two", () => {
    let done = 0;
    const at = (rate: number, time: number) => seconds(time).map(() => (done += rate));
    const { eta, files } = after([...at(10, 600), ...at(1, 240), ...at(5, 15)].map(copied)).view();
    // 44 s at 10, 241 s at 1, 15 s at 5 files/s
    const wanted = ((files.left ?? 0) / (756 / 300)) * 1_000;
    expect((eta?.highMs ?? 0) / wanted).toBeGreaterThan(0.95);
    expect((eta?.highMs ?? 0) / wanted).toBeLessThan(1.05);
  });

  it("counts a stall as at most one file in the time of the stall", () => {
    const counts = [...seconds(100), ...seconds(39).map(() => 100)];
    const { eta } = after(counts.map(copied)).view();
    expect(eta?.highMs).toBe(9_900 * 40_000);
  });

  it("is not known before anything is finished, nor before 2 s", () => {
    expect(after(seconds(30).map(() => copied(0))).view().eta).toBeUndefined();
    expect(after([copied(0), copied(100)]).view().eta).toBeUndefined();
  });

  it("is zero when no file is left", () => {
    expect(after([copied(10_000)]).view().eta).toEqual({ lowMs: 0, highMs: 0 });
  });

  it("is not known while a service that is gone is waited for, and comes back as it was", () => {
    const model = after(seconds(60).map((second) => copied(second * 10)));
    const before = model.view().eta;
    for (const second of seconds(3_600)) model.add(sampleAt(61 + second, copied(600), [GONE]));
    expect(model.view().eta).toBeUndefined();
    expect(model.view().filesPerSecond).toBe(0);
    model.add(sampleAt(3_662, copied(600)));
    expect(model.view().eta).toEqual(before);
  });

  it("is known while a service only asks to slow down", () => {
    const model = after(seconds(10).map((second) => copied(second * 10)));
    model.add(sampleAt(11, copied(110), [{ ...GONE, throttled: true }]));
    expect(model.view().eta?.lowMs).toBe(989_000);
  });
});

describe("the total of files", () => {
  const half: SummaryParts = {
    workItems: { pending: 6, in_progress: 2, completed: 4 },
    notLookedUp: 6,
    files: { total: 60, copied: 40 },
  };

  it("is estimated from the work items looked up, and says so", () => {
    const { files } = after([half]).view();
    expect(files).toMatchObject({ total: 120, totalIsKnown: false, left: 80 });
  });

  it("is unknown while nothing is looked up", () => {
    const { files } = after([{ workItems: { pending: 6 }, notLookedUp: 6 }]).view();
    expect(files).toMatchObject({ total: undefined, totalIsKnown: false, left: undefined });
  });

  it("uses the mean over all known work items for those not surveyed", () => {
    const parts = { ...half, notSurveyed: 3, files: { ...half.files, expected: 30 } };
    // 12 work items, 9 of which are known to have 90 files
    expect(after([parts]).view().files).toMatchObject({ total: 120, totalIsKnown: false, left: 80 });
  });

  it("is known when every work item is looked up or surveyed", () => {
    const parts = { ...half, notSurveyed: 0, files: { ...half.files, expected: 37 } };
    expect(after([parts]).view().files).toMatchObject({ total: 97, totalIsKnown: true, left: 57 });
  });

  it("is known when only a survey was made", () => {
    const parts = { workItems: { pending: 6 }, notLookedUp: 6, notSurveyed: 0, files: { expected: 800 } };
    expect(after([parts]).view().files).toMatchObject({ total: 800, totalIsKnown: true, left: 800 });
  });

  it("is unknown while the surveyed work items have no file", () => {
    const parts = { workItems: { pending: 6 }, notLookedUp: 6, notSurveyed: 5 };
    expect(after([parts]).view().files).toMatchObject({ total: undefined, totalIsKnown: false });
  });
});

describe("any samples, in any order and with counters that jump", () => {
  const counter = fc.nat({ max: 100_000 });
  const samples = fc
    .array(
      fc.record({
        step: fc.integer({ min: -500, max: 5_000 }),
        summary: fc.record({
          workItems: fc.record({
            pending: counter,
            in_progress: counter,
            completed: counter,
            empty: counter,
            failed: counter,
            skipped: counter,
            elsewhere: counter,
            not_mine: counter,
          }),
          notLookedUp: counter,
          notSurveyed: counter,
          files: fc.record({
            total: counter,
            copied: counter,
            alreadyThere: counter,
            elsewhere: counter,
            failed: counter,
            skipped: counter,
            uploaded: counter,
            announced: counter,
            duplicates: counter,
            leftOut: counter,
            shortened: counter,
            expected: counter,
          }),
          drift: fc.record({ workItems: counter, filesAdded: counter, filesVanished: counter }),
          bytes: counter,
        }),
        live: fc.constantFrom(LIVE, { ...LIVE, waiting: [GONE] }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((list) => {
      let at = 0;
      return list.map(({ step, ...sample }) => ({ ...sample, at: (at += step) }));
    });

  it("give no negative number, no NaN, low <= high, and parts that add up", () => {
    fc.assert(
      fc.property(samples, (list: ProgressSample[]) => {
        const [first, ...others] = list;
        if (first === undefined) return;
        const model = new ProgressModel(first);
        for (const sample of others) {
          model.add(sample);
          checkView(model.view());
        }
      }),
    );
  });
});

function checkView(view: ProgressView): void {
  for (const number of numbersIn(view)) expect(number).toBeGreaterThanOrEqual(0);
  const { files, workItems, eta } = view;
  if (eta !== undefined) expect(eta.lowMs).toBeLessThanOrEqual(eta.highMs);
  const { total, done, empty, failed, skipped, left } = workItems;
  expect(done + empty + failed + skipped + left).toBe(total);
  if (files.left !== undefined)
    expect(files.done + files.failed + files.skipped + files.left).toBe(files.total);
}

/** Every number in a view; NaN and Infinity come out as -1. */
function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [Number.isFinite(value) ? value : -1];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((part) => numbersIn(part));
}
