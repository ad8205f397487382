import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { pause } from "../../src/azure/pause.ts";
import { REAL_CLOCK } from "../../src/azure/clock.ts";
import { later, LONGEST_TIMER_MS } from "../../src/core/later.ts";

const DAY = 86_400_000;

describe("a wait longer than a timer can be", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ["later", (ms: number, run: () => void) => void later(ms, run)],
    ["a clock", (ms: number, run: () => void) => void REAL_CLOCK.after(ms, run)],
  ])("is waited to its end by %s", (_, wait) => {
    let ran = 0;
    wait(60 * DAY, () => ran++);
    vi.advanceTimersByTime(60 * DAY - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
    vi.advanceTimersByTime(60 * DAY);
    expect(ran).toBe(1);
  });

  it("can be taken back, in its later parts too", () => {
    let ran = 0;
    const end = later(60 * DAY, () => ran++);
    vi.advanceTimersByTime(LONGEST_TIMER_MS + 5);
    end();
    vi.advanceTimersByTime(60 * DAY);
    expect(ran).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the process's own timers", () => {
  it("are never handed more than they can hold", async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    let ran = 0;
    const end = later(25 * DAY, () => ran++);
    const waiting = new AbortController();
    const paused = pause(25 * DAY, waiting.signal).then(
      () => "over",
      () => "aborted",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    end();
    waiting.abort();
    expect(await paused).toBe("aborted");
    expect([ran, warnings]).toEqual([0, []]);
  });
});
