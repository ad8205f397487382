/** One thread as the main one sees it, over a port whose clocks the test sets. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { SlotThread } from "../../src/workers/slot-thread.ts";
import type { ThreadPort } from "../../src/workers/workers.ts";

/** A thread that has said a word, and is at work from then on. */
function busyThread() {
  const clock = { active: 0, idle: 0 };
  const events = new EventEmitter();
  const port = Object.assign(events, {
    postMessage: () => {},
    terminate: async () => {},
    ref: () => {},
    unref: () => {},
    performance: { eventLoopUtilization: () => ({ ...clock }) },
  }) as unknown as ThreadPort;
  const deaths: string[] = [];
  const thread = new SlotThread(port, {
    replaces: undefined,
    hangsAfterMs: 60_000,
    onDeath: ({ why }) => deaths.push(why),
  });
  events.emit("message", { answers: [], figures: { retries: 0, throttles: 0, hedges: 0 }, heldMs: 0 });
  /** It is looked at so often while time passes. */
  const pass = (ms: number, { everyMs = 100, restMs = 0 } = {}): void => {
    for (let passed = 0; passed < ms; passed += everyMs) {
      clock.active += everyMs - restMs;
      clock.idle += restMs;
      thread.look();
    }
  };
  return { thread, deaths, pass };
}

describe("a thread that is at work without a rest", () => {
  it("is taken to hang after a minute", () => {
    const { thread, deaths, pass } = busyThread();
    pass(59_000);
    expect(deaths).toEqual([]);
    pass(2_000);
    expect(deaths).toEqual(["it was busy for 60 s without a word"]);
    expect(thread.state).toBe("dead");
  });

  it("is not when it rests now and then", () => {
    const { deaths, pass } = busyThread();
    for (let n = 0; n < 5; n++) {
      pass(50_000);
      pass(100, { restMs: 1 });
    }
    expect(deaths).toEqual([]);
  });

  it("is not when the whole process stood still, stopped or swapped out", () => {
    const { deaths, pass } = busyThread();
    pass(1_000);
    pass(600_000, { everyMs: 600_000 });
    pass(59_000);
    expect(deaths).toEqual([]);
    pass(2_000);
    expect(deaths).toHaveLength(1);
  });
});
