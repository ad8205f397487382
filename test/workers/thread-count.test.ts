import { describe, expect, it } from "vitest";
import { ThreadCount, type ThreadOutlook } from "../../src/workers/thread-count.ts";

const MOST = 4;

/** A machine on a virtual clock. */
class Machine {
  now = 0;
  answers = 0;
  heldMs = 0;
  activeMs = 0;
  readonly whys: string[] = [];
  readonly rule = new ThreadCount(0, MOST);
  outlook: ThreadOutlook = { freeProcessors: MOST, leftMs: undefined };

  /** Lets so many seconds pass. @param state what holds with so many threads: answers a second, work and held shares */
  pass(seconds: number, state: (threads: number) => { perS: number; busy: number; held?: number }): void {
    for (let step = 0; step < seconds * 10; step++) {
      const { perS, busy, held = 0 } = state(this.rule.count);
      this.now += 100;
      this.answers += perS / 10;
      this.activeMs += busy * 100;
      this.heldMs += held * 100 * 32;
      const { answers, heldMs, activeMs } = this;
      const change = this.rule.look(this.now, { answers, heldMs, activeMs }, 32, () => this.outlook);
      if (change !== undefined) this.whys.push(`${change.from} -> ${change.to}: ${change.why}`);
    }
  }
}

describe("the number of threads", () => {
  it("grows to what the machine has while the threads are busy and each one pays", () => {
    const machine = new Machine();
    machine.pass(60, (threads) => ({ perS: 2_000 * threads, busy: 0.95 }));
    expect(machine.rule.count).toBe(MOST);
    expect(machine.whys).toHaveLength(MOST - 1);
  });

  it("stays at one in a run that is busy for its first two seconds only", () => {
    const machine = new Machine();
    machine.pass(2, () => ({ perS: 2_000, busy: 1 }));
    machine.pass(60, () => ({ perS: 2_000, busy: 0.7 }));
    expect(machine.whys).toEqual([]);
  });

  it("stays at one while a rate holds the requests", () => {
    const machine = new Machine();
    machine.pass(60, () => ({ perS: 500, busy: 0.95, held: 0.3 }));
    expect(machine.whys).toEqual([]);
  });

  it("stays at one in a run that ends before a thread has repaid its start", () => {
    const machine = new Machine();
    machine.outlook = { freeProcessors: 1, leftMs: 14_000 };
    machine.pass(60, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.whys).toEqual([]);
    machine.outlook = { freeProcessors: 1, leftMs: 16_000 };
    machine.pass(1, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.rule.count).toBe(2);
  });

  it("wants a longer rest of the run where only a part of a processor is free", () => {
    const machine = new Machine();
    machine.outlook = { freeProcessors: 0.5, leftMs: 28_000 };
    machine.pass(60, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.rule.count).toBe(1);
    machine.outlook = { freeProcessors: 0.5, leftMs: 32_000 };
    machine.pass(1, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.rule.count).toBe(2);
  });

  it("stays at one while no processor is free, and grows when one is", () => {
    const machine = new Machine();
    machine.outlook = { freeProcessors: 0.1, leftMs: undefined };
    machine.pass(60, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.whys).toEqual([]);
    machine.outlook = { freeProcessors: 1, leftMs: undefined };
    machine.pass(1, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.rule.count).toBe(2);
  });

  it("gives back a thread that takes time from the others, and tries again ever more rarely", () => {
    const machine = new Machine();
    machine.pass(600, () => ({ perS: 2_000, busy: 0.95 }));
    expect(machine.rule.count).toBe(1);
    expect(machine.whys.filter((why) => why.includes("takes time")).length).toBeGreaterThan(1);
    expect(machine.whys.length).toBeLessThan(12);
  });

  it("falls when fewer have enough time", () => {
    const machine = new Machine();
    machine.pass(60, (threads) => ({ perS: 2_000 * threads, busy: 0.95 }));
    machine.pass(120, (threads) => ({ perS: 500, busy: 0.3 / threads }));
    expect(machine.rule.count).toBe(1);
  });

  it("is one fewer when a thread has died for good", () => {
    const machine = new Machine();
    machine.pass(60, (threads) => ({ perS: 2_000 * threads, busy: 0.95 }));
    machine.rule.lose(machine.now);
    expect(machine.rule.count).toBe(MOST - 1);
    machine.pass(10, (threads) => ({ perS: 2_000 * threads, busy: 0.95 }));
    expect(machine.rule.count).toBe(MOST - 1);
  });
});
