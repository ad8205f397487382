import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveBlock } from "../../src/terminal/live-block.ts";
import { Screen } from "./screen.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Long enough for the redraw that is due. */
const aFrame = () => vi.advanceTimersByTime(100);

describe("the live block", () => {
  it("draws its lines in place and prints other lines above them", () => {
    const screen = new Screen(80, 24);
    let tick = 0;
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => [`tick ${tick}`, "second line"]);
    block.refresh();
    expect(screen.text).toEqual(["tick 0", "second line"]);
    tick = 1;
    block.print(["a log line", "another"]);
    aFrame();
    expect(screen.text).toEqual(["a log line", "another", "tick 1", "second line"]);
    tick = 2;
    block.refresh();
    aFrame();
    expect(screen.text).toEqual(["a log line", "another", "tick 2", "second line"]);
    block.close();
  });

  it("redraws at most ten times a second and does not lose the last redraw", () => {
    const screen = new Screen(80, 24);
    let tick = 0;
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => [`tick ${tick}`]);
    for (tick = 1; tick <= 1_000; tick++) {
      block.refresh();
      vi.advanceTimersByTime(1);
    }
    tick = 1_001;
    block.refresh();
    aFrame();
    expect(screen.writes).toBeLessThanOrEqual(12);
    expect(screen.text).toEqual(["tick 1001"]);
    block.close();
  });

  it("hides the cursor while it is drawn, and gives it back with the last printed lines", () => {
    const screen = new Screen(80, 24);
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => ["progress"]);
    expect(screen.isCursorVisible).toBe(true);
    block.refresh();
    expect(screen.isCursorVisible).toBe(false);
    block.print(["the last words"]);
    block.close();
    expect(screen.isCursorVisible).toBe(true);
    expect(screen.text).toEqual(["the last words"]);
  });

  it("is silent once it is closed, except for printed lines", () => {
    const screen = new Screen(80, 24);
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => ["progress"]);
    block.refresh();
    block.refresh();
    block.close();
    block.close();
    block.refresh();
    screen.tell();
    aFrame();
    expect(screen.text).toEqual([]);
    expect(screen.listenerCount("resize")).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    block.print(["late"]);
    expect(screen.text).toEqual(["late"]);
  });

  it("leaves the terminal alone when it was never drawn", () => {
    const screen = new Screen(80, 24);
    new LiveBlock(REAL_SURROUNDINGS, screen, () => ["progress"]).close();
    expect(screen.writes).toBe(0);
  });

  it("comes back after it was suspended", () => {
    const screen = new Screen(80, 24);
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => ["progress"]);
    block.refresh();
    block.suspend();
    expect(screen.text).toEqual([]);
    expect(screen.isCursorVisible).toBe(true);
    aFrame();
    block.refresh();
    expect(screen.text).toEqual(["progress"]);
    expect(screen.isCursorVisible).toBe(false);
    block.close();
  });

  it("shows no more lines than the screen can hold", () => {
    const screen = new Screen(80, 5);
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => ["1", "2", "3", "4", "5", "6"]);
    for (let frame = 0; frame < 3; frame++) {
      block.refresh();
      aFrame();
    }
    expect(screen.text).toEqual(["1", "2", "3", "4"]);
    block.close();
  });

  it("does not keep more than some hundred printed lines to itself", () => {
    const screen = new Screen(80, 24);
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => ["progress"]);
    block.refresh();
    block.print(Array.from({ length: 501 }, (_, index) => `line ${index}`));
    expect(screen.text).toHaveLength(502);
    block.close();
  });
});

describe("a terminal that is resized", () => {
  const HEIGHT = 24;
  const width = fc.integer({ min: 45, max: 120 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("resize" as const), width, isToldLate: fc.boolean() }),
    fc.record({ kind: fc.constant("print" as const), length: fc.integer({ min: 1, max: 150 }) }),
    fc.record({
      kind: fc.constant("draw" as const),
      lengths: fc.array(fc.nat({ max: 118 }), { minLength: 1, maxLength: 6 }),
    }),
  );

  const cutLines = (room: number) => Array.from({ length: 7 }, (_, index) => `${index}`.repeat(room));
  /** A narrow block has more rows, as the real one has. */
  const brokenLines = (room: number) =>
    Array.from({ length: 7 }, (_, index) => `${index}`.repeat(60)).flatMap((line) =>
      room < 60 ? [line.slice(0, 30), line.slice(30)] : [line],
    );

  it.each([
    ["breaks its lines", brokenLines, [40, 80, 40, 80, 40, 80]],
    ["cuts its lines", cutLines, [60, 30, 120, 60, 30, 120, 60]],
  ])(
    "is left without stale lines when it is narrow and wide by turns, and the block %s",
    (_, render, widths) => {
      const screen = new Screen(120, HEIGHT);
      let lines: string[] = [];
      const block = new LiveBlock(REAL_SURROUNDINGS, screen, (room) => (lines = render(room)));
      const printed = Array.from({ length: HEIGHT * 2 }, (_row, index) => `before ${index}`);
      block.print(printed);
      for (const columns of widths) {
        screen.resize(columns);
        screen.tell();
        aFrame();
        expect(screen.text).toEqual([...printed, ...lines]);
      }
      block.close();
    },
  );

  it("gets its empty rows back for printed lines", () => {
    const screen = new Screen(80, HEIGHT);
    let lines = ["1", "2", "3", "4"];
    const block = new LiveBlock(REAL_SURROUNDINGS, screen, () => lines);
    block.refresh();
    aFrame();
    lines = ["1", "2"];
    for (const text of ["a", "b", "c"]) {
      block.print([text]);
      aFrame();
    }
    expect(screen.rowOf("2") - screen.rowOf("c")).toBe(2);
    block.close();
  });

  it("is left without stale lines, whatever is printed and drawn", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const screen = new Screen(80, HEIGHT);
        let lengths: readonly number[] = [70, 30];
        let lines: string[] = [];
        const block = new LiveBlock(REAL_SURROUNDINGS, screen, (room) => {
          lines = lengths.map((length, index) => `${index}`.repeat(1 + Math.min(length, room - 1)));
          return lines;
        });
        const printed = Array.from({ length: HEIGHT * 2 }, (_, index) => `before ${index}`);
        block.print(printed);
        for (const one of steps) {
          if (one.kind === "resize") {
            screen.resize(one.width);
            if (one.isToldLate) block.refresh();
            if (one.isToldLate) aFrame();
            screen.tell();
          } else if (one.kind === "print") {
            printed.push("p".repeat(one.length));
            block.print(printed.slice(-1));
          } else {
            lengths = one.lengths;
          }
          block.refresh();
          aFrame();
          expect(screen.text).toEqual([...printed, ...lines]);
        }
        block.close();
        expect(screen.text).toEqual(printed);
        expect(screen.isCursorVisible).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
