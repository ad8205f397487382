import { describe, expect, it } from "vitest";
import { ReadyWork } from "../../src/job/ready-work.ts";
import { summaryOf } from "../progress/samples.ts";

describe("ready work", () => {
  let pending = 0;
  const ready = new ReadyWork(() => summaryOf({ workItems: { pending } }));

  it("is missing before the pipeline begins when nothing is pending", () => {
    expect(ready.missing).toBe(1);
    pending = 1;
    expect(ready.missing).toBe(0);
  });

  it("is missing when files and work items at hand will not last while partitions are taken", () => {
    // 24 files are enough for the slots; 80 files a second are done.
    const supply = { ahead: 24, enough: 24, filesPerWorkItem: 8, filesPerMs: 0.08 };
    ready.follow({ supply });
    ready.tookMs(700);
    pending = 0;
    // Twice 700 ms are 112 files, 14 work items.
    expect(ready.missing).toBe(14);
    pending = 5;
    expect(ready.missing).toBe(9);
    pending = 14;
    expect(ready.missing).toBe(0);
  });

  it("is not missing while one large work item keeps the slots busy", () => {
    ready.follow({ supply: { ahead: 900, enough: 24, filesPerWorkItem: 300, filesPerMs: 0.08 } });
    pending = 0;
    expect(ready.missing).toBe(0);
  });
});
