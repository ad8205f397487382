import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { progressBlock, progressLine } from "../../src/terminal/progress-text.ts";
import type { TextStyle } from "../../src/terminal/style.ts";
import { GONE, LIVE } from "../progress/samples.ts";
import { viewOf } from "./examples.ts";

const wide: TextStyle = { width: 79, unicode: true, color: false };
const whileWaiting = viewOf({ eta: undefined, live: { ...LIVE, waiting: [GONE] } });

describe("the live block's lines", () => {
  it("say how far the run is, what failed, how fast it goes and how long it takes", () => {
    expect(progressBlock(viewOf(), wide)).toEqual([
      "███████████████░░░░░░░░░░░░░░░ 52.3%",
      "Work items  104 of 200 done, 2 empty, 1 failed, 93 left",
      "Files       2,610 of about 5,015 done, 12 failed, 3 skipped, about 2,390 left",
      "Speed       85.3 files/s, 8.7 work items/min, 12.1 MiB/s, 3.2 GiB in total",
      "Time        12 min 05 s so far, 28 s to 1 min 05 s left",
      "Slots       187 of 200 in use, 20 work items open",
      "Retries     4, throttled 1 time",
    ]);
  });

  it("say what is waited for, since when and what to do, and no time left", () => {
    const lines = progressBlock(whileWaiting, { ...wide, width: 120 });
    expect(lines.at(-1)).toBe(
      "Waiting     for target account.blob.core.windows.net since 2026-07-01 12:00:05 UTC: run `az login`",
    );
    expect(lines).toContain("Time        12 min 05 s so far, time left unknown while waiting");
  });

  it("say who paused the run, and which keys there are", () => {
    const paused = viewOf({
      live: { ...LIVE, state: "paused", pausedBy: ["the operator", "control of all machines"] },
    });
    const lines = progressBlock(paused, { ...wide, width: 120 }, "p pauses");
    expect(lines[1]).toBe(
      "State       paused by the operator and control of all machines: nothing new begins",
    );
    expect(lines).toContain("Time        12 min 05 s so far, time left unknown while paused");
    expect(lines.at(-1)).toBe("Keys        p pauses");
    expect(progressLine(paused)).toContain("paused by the operator");
    const draining = viewOf({ live: { ...LIVE, state: "draining" } });
    expect(progressBlock(draining, wide)[1]).toBe("State       draining: files in flight finish");
  });

  it("show a service that has nothing to advise", () => {
    const slow = viewOf({ live: { ...LIVE, waiting: [{ ...GONE, throttled: true, advice: "" }] } });
    expect(progressBlock(slow, { ...wide, width: 120 }).at(-1)).toBe(
      "Waiting     for target account.blob.core.windows.net since 2026-07-01 12:00:05 UTC",
    );
  });

  it("say what is not known yet", () => {
    const start = viewOf({
      workItems: { total: 200, done: 0, empty: 0, failed: 50, skipped: 0, left: 150, inProgress: 20 },
      files: {
        total: undefined,
        totalIsKnown: false,
        done: 0,
        failed: 0,
        skipped: 0,
        left: undefined,
        leftOut: 0,
      },
      bytes: 0,
      filesPerSecond: undefined,
      bytesPerSecond: undefined,
      eta: undefined,
    });
    expect(progressBlock(start, wide).slice(0, 5)).toEqual([
      "███████░░░░░░░░░░░░░░░░░░░░░░░ 25.0%",
      "Work items  0 of 200 done, 50 failed, 150 left",
      "Files       0 done, 0 failed, an unknown number left",
      "Speed       not known yet, 0 B in total",
      "Time        12 min 05 s so far, time left not known yet",
    ]);
  });

  it("are ASCII without a UTF-8 locale", () => {
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    expect(progressBlock(whileWaiting, { ...wide, unicode: false }).join("")).toMatch(/^[\x20-\x7e]+$/);
  });

  it("say the same with colours as without", () => {
    const painted = progressBlock(whileWaiting, { ...wide, color: true }).join("\n");
    expect(painted).toContain("\u001b[31m12 failed");
    // oxlint-disable-next-line no-control-regex -- escape sequences are what is taken out
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(progressBlock(whileWaiting, wide).join("\n"));
  });

  it("keep within the width from 24 columns on and lose no figure", () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 200 }), (width) => {
        const lines = progressBlock(viewOf(), { ...wide, width });
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        const words = lines.slice(1).join(" ").split(/\s+/);
        expect(words).toEqual(progressBlock(viewOf(), wide).slice(1).join(" ").split(/\s+/));
      }),
    );
  });
});

describe("the plain line", () => {
  it("is one line with the same figures", () => {
    expect(progressLine(viewOf())).toBe(
      "52.3% after 12 min 05 s: 104 of 200 work items done, 2,610 of about 5,015 files done, " +
        "1 work item and 12 files failed, 85.3 files/s, 8.7 work items/min, 12.1 MiB/s, 28 s to 1 min 05 s left, " +
        "187 of 200 slots in use, 20 work items open, 4 retries, throttled 1 time",
    );
  });

  it("ends with what is waited for", () => {
    expect(progressLine(whileWaiting)).toMatch(
      /, waiting for target account\.blob\.core\.windows\.net since 2026-07-01 12:00:05 UTC: run `az login`$/,
    );
  });
});
