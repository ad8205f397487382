import { describe, expect, it } from "vitest";
import { ReadyWork } from "../../src/job/ready-work.ts";
import { summaryOf } from "../progress/samples.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";

describe("ready work", () => {
  it("is low when less is left than was begun while partitions are taken twice, and when nothing is", async () => {
    const world = new VirtualWorld(1);
    let [pending, completed] = [0, 0];
    const tally = () => summaryOf({ workItems: { pending, completed } });
    const ready = new ReadyWork(new VirtualSurroundings(world), tally);
    expect(ready.isLow).toBe(true);
    pending = 100;
    expect(ready.isLow).toBe(false);
    ready.tookMs(2_000);
    // Eight a second.
    for (let tick = 0; tick < 40; tick++) {
      await world.runUntil(world.now + 250);
      pending -= 2;
      completed += 2;
      const isEnough = pending >= Math.min(32, completed);
      expect(ready.isLow, `${pending} left of ${completed}`).toBe(!isEnough);
    }
    // It stands still: what is left lasts.
    for (let tick = 0; tick < 20; tick++) {
      await world.runUntil(world.now + 250);
      void ready.isLow;
    }
    expect(ready.isLow).toBe(false);
  });
});
