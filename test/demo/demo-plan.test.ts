import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameProblem } from "../../src/core/target-name.ts";
import { demoContent } from "../../src/demo/demo-content.ts";
import { DEMO_SCALE, type DemoPlan, planDemo } from "../../src/demo/demo-plan.ts";

const full = planDemo(1, DEMO_SCALE);

const filesOf = (plan: DemoPlan) => plan.workItems.flatMap((workItem) => workItem.files);

function targetNames(plan: DemoPlan): string[] {
  return plan.workItems.flatMap(({ workItemName, workItemId, files }) =>
    files.map(({ fileName }) => `${workItemName || workItemId}-${fileName.split("/").at(-1)}`),
  );
}

describe("the demo's plan", () => {
  it("has 200 work items of 1 to 200 files, one without files, 5,000 files and three large ones", () => {
    const counts = full.workItems.map((workItem) => workItem.files.length).sort((a, b) => a - b);
    expect(counts).toHaveLength(200);
    expect(counts.slice(0, 2)).toEqual([0, 1]);
    expect(counts.at(-1)).toBe(200);
    expect(counts[100]).toBeLessThan(20);
    expect(filesOf(full)).toHaveLength(5003);
    const lengths = filesOf(full).map((file) => file.length);
    const large = lengths.filter((length) => length > 300_000);
    expect(large).toEqual([20, 50, 80].map((size) => size * 1024 * 1024));
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1000);
  });

  it("has one work item id under two job ids, and names with every sign that needs care", () => {
    const ids = full.workItems.map((workItem) => workItem.workItemId);
    const twice = full.workItems.filter(({ workItemId }, place) => ids.indexOf(workItemId) !== place);
    expect(twice).toHaveLength(1);
    const jobs = full.workItems.filter(({ workItemId }) => workItemId === twice[0]?.workItemId);
    expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(2);
    const fileNames = filesOf(full).map((file) => file.fileName);
    const workItemNames = full.workItems.map((workItem) => workItem.workItemName);
    for (const sign of [" ", "%", "+", "#", "(", ")", "é", "💨", ",", '"']) {
      expect(fileNames.filter((name) => name.includes(sign)).length, sign).toBeGreaterThan(0);
    }
    for (const sign of [" ", "%", "+", "#", "(", ")", "ü", "東", "'"]) {
      expect(workItemNames.filter((name) => name.includes(sign)).length, sign).toBeGreaterThan(0);
    }
    expect(workItemNames).toContain("");
  });

  it("is the same for the same seed and different for another seed", () => {
    expect(planDemo(1, DEMO_SCALE)).toEqual(full);
    expect(planDemo(2, DEMO_SCALE)).not.toEqual(full);
  });

  it("keeps to its scale, with target names that are allowed and distinct", () => {
    const scales = fc.integer({ min: 6, max: 40 }).chain((workItems) =>
      fc.record({
        workItems: fc.constant(workItems),
        files: fc.integer({ min: workItems - 1, max: Math.min(400, (workItems - 1) * 200) }),
        large: fc.subarray([20, 50, 80]),
      }),
    );
    fc.assert(
      fc.property(fc.integer(), scales, (seed, scale) => {
        const plan = planDemo(seed, scale);
        const files = filesOf(plan);
        expect(files).toHaveLength(scale.files + scale.large.length);
        expect(plan.workItems.filter((workItem) => workItem.files.length === 0)).toHaveLength(1);
        expect(files).toContain(plan.missing.file);
        const names = targetNames(plan);
        expect(new Set(names).size).toBe(names.length);
        expect(names.map(nameProblem).filter((problem) => problem !== undefined)).toEqual([]);
      }),
    );
  });

  it("refuses a scale without room for what it must hold", () => {
    const scale = { workItems: 6, files: 100, large: [] };
    expect(() => planDemo(1, { ...scale, workItems: 5 })).toThrow(RangeError);
    expect(() => planDemo(1, { ...scale, files: 4 })).toThrow(RangeError);
    expect(() => planDemo(1, { ...scale, files: 1001 })).toThrow(RangeError);
  });
});

describe("the demo's content", () => {
  it("is JSON of exactly the wanted length that begins with its header", () => {
    const lengths = fc.integer({ min: 1000, max: 3_000_000 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 2 ** 20 }), (length, start) => {
        const content = demoContent({ fileName: "結果 1.json" }, length, start);
        expect(content).toHaveLength(length);
        const { fileName, records } = JSON.parse(content.toString()) as {
          fileName: string;
          records: unknown[];
        };
        expect(fileName).toBe("結果 1.json");
        expect(records.length).toBeGreaterThan(length / 128 - 3);
      }),
      { numRuns: 30 },
    );
  });

  it("refuses a length without room for a record", () => {
    expect(() => demoContent({ fileName: "x" }, 100, 0)).toThrow(RangeError);
  });
});
