import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  abortAfter,
  every,
  LONGEST_TIMER_MS,
  moment,
  passedSince,
  REAL_SURROUNDINGS,
  sleep,
} from "../../src/surroundings/surroundings.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";

const never = new AbortController().signal;
const DAY = 86_400_000;

describe("the real surroundings", () => {
  it("fire a timer once, and not before its time", async () => {
    const began = REAL_SURROUNDINGS.monotonic();
    await sleep(REAL_SURROUNDINGS, 20, never);
    expect(REAL_SURROUNDINGS.monotonic() - began).toBeGreaterThanOrEqual(19);
  });

  it("hold a timer that is longer than one of the engine's", async () => {
    let fired = 0;
    const cancel = REAL_SURROUNDINGS.after(25 * 86_400_000, () => fired++);
    await sleep(REAL_SURROUNDINGS, 30, never);
    cancel();
    expect(fired).toBe(0);
  });

  it("fire a timer whose time has just passed, without a warning of the engine", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.name);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    await sleep(REAL_SURROUNDINGS, -0.002, never);
    await sleep(REAL_SURROUNDINGS, 5, never);
    expect(warnings).toEqual([]);
  });

  it("never fire a timer that was taken back", async () => {
    let fired = 0;
    REAL_SURROUNDINGS.after(5, () => fired++)();
    await sleep(REAL_SURROUNDINGS, 20, never);
    expect(fired).toBe(0);
  });

  it("give other ids and numbers each time", () => {
    expect(REAL_SURROUNDINGS.uuid()).not.toBe(REAL_SURROUNDINGS.uuid());
    expect(REAL_SURROUNDINGS.random()).not.toBe(REAL_SURROUNDINGS.random());
  });

  it("end a sleep at once when its signal aborts, with the signal's reason", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const slept = sleep(REAL_SURROUNDINGS, 60_000, stop.signal);
    stop.abort(reason);
    await expect(slept).rejects.toBe(reason);
    await expect(sleep(REAL_SURROUNDINGS, 0, stop.signal)).rejects.toBe(reason);
  });
});

describe("a wait longer than a timer can be", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("is waited to its end", () => {
    let ran = 0;
    REAL_SURROUNDINGS.after(60 * DAY, () => ran++);
    vi.advanceTimersByTime(60 * DAY - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
    vi.advanceTimersByTime(60 * DAY);
    expect(ran).toBe(1);
  });

  it("can be taken back, in its later parts too", () => {
    let ran = 0;
    const cancel = REAL_SURROUNDINGS.after(60 * DAY, () => ran++);
    vi.advanceTimersByTime(LONGEST_TIMER_MS + 5);
    cancel();
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
    const cancel = REAL_SURROUNDINGS.after(25 * DAY, () => ran++);
    const waiting = new AbortController();
    const slept = sleep(REAL_SURROUNDINGS, 25 * DAY, waiting.signal).then(
      () => "over",
      () => "aborted",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    cancel();
    waiting.abort();
    expect(await slept).toBe("aborted");
    expect([ran, warnings]).toEqual([0, []]);
  });
});

describe("a signal with a time limit", () => {
  it("aborts when its time is over, and not before", async () => {
    const world = new VirtualWorld(1);
    const signal = abortAfter(new VirtualSurroundings(world), 5_000);
    await world.runUntil(world.now + 4_999);
    expect(signal.aborted).toBe(false);
    await world.runUntil(world.now + 1);
    expect(signal.reason).toMatchObject({ name: "TimeoutError", message: "It took more than 5000 ms." });
  });
});

describe("time that has passed", () => {
  const scene = () => {
    const world = new VirtualWorld(1);
    return { world, machine: new VirtualSurroundings(world) };
  };

  it("counts a suspend, during which the monotonic clock stands still", async () => {
    const { world, machine } = scene();
    const then = moment(machine);
    await world.runUntil(world.now + 40_000);
    machine.loseMonotonic(39_000);
    expect(machine.monotonic() - then.monotonic).toBe(1_000);
    expect(passedSince(machine, then)).toBe(40_000);
  });

  it("is not shortened by a wall clock that is set back", async () => {
    const { world, machine } = scene();
    const then = moment(machine);
    await world.runUntil(world.now + 5_000);
    machine.setWallClock(-3_600_000);
    expect(passedSince(machine, then)).toBe(5_000);
  });

  it("cannot be told when both clocks stood still", async () => {
    const { world, machine } = scene();
    const then = moment(machine);
    await world.runUntil(world.now + 40_000);
    machine.loseBoth(40_000);
    expect(passedSince(machine, then)).toBe(0);
  });
});

describe("the virtual surroundings", () => {
  const trace = async (seed: number): Promise<string[]> => {
    const world = new VirtualWorld(seed);
    const machine = new VirtualSurroundings(world);
    const seen: string[] = [];
    const began = world.now;
    const worker = async (name: string) => {
      for (let turn = 0; turn < 5; turn++) {
        await sleep(machine, machine.random() * 1_000, never);
        seen.push(`${name} ${(world.now - began).toFixed(3)} ${machine.uuid()}`);
      }
    };
    const workers = ["a", "b", "c"].map(worker);
    await world.runUntil(Infinity);
    await Promise.all(workers);
    return seen;
  };

  it("give the same run for the same seed, and another for another", async () => {
    const first = await trace(7);
    expect(first).toHaveLength(15);
    expect(await trace(7)).toEqual(first);
    expect(await trace(8)).not.toEqual(first);
  });

  it("call at even distances until they are told to end", async () => {
    const world = new VirtualWorld(1);
    const machine = new VirtualSurroundings(world);
    const began = world.now;
    const at: number[] = [];
    const end = every(machine, 100, () => {
      at.push(world.now - began);
      if (at.length === 3) end();
    });
    await world.runUntil(began + 10_000);
    expect(at).toEqual([100, 200, 300]);
    expect(world.now - began).toBe(10_000);
  });

  it("fire timers in the order of their times, and of their making when times are equal", async () => {
    const world = new VirtualWorld(3);
    const machine = new VirtualSurroundings(world);
    const times = Array.from({ length: 200 }, () => Math.floor(machine.random() * 20));
    const fired: number[] = [];
    for (const [index, ms] of times.entries()) machine.after(ms, () => fired.push(index));
    await world.runUntil(Infinity);
    const expected = times
      .map((_, index) => index)
      .sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
    expect(fired).toEqual(expected);
  });
});
