import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/core/exit-codes.ts";
import { endAfter } from "../../src/job/max-duration.ts";
import { RunControl } from "../../src/job/run-control.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";

const WINDOW_MS = 3_600_000;

function scene(ms: number | undefined) {
  const world = new VirtualWorld(1);
  const surroundings = new VirtualSurroundings(world);
  const control = new RunControl(surroundings, 60_000);
  control.begin();
  return { world, surroundings, control, cancel: endAfter(surroundings, control, ms) };
}

describe("--max-duration", () => {
  it("drains the run when the time is over, with its own exit code", async () => {
    const { world, control } = scene(WINDOW_MS);
    await world.runUntil(world.now + WINDOW_MS - 1);
    expect(control.state).toBe("running");
    await world.runUntil(world.now + 2);
    expect(control.state).toBe("draining");
    expect(control.stopRequest).toMatchObject({ kind: "max-duration", exitCode: EXIT.outOfTime });
  });

  it("counts the time in which the machine was suspended", async () => {
    const { world, surroundings, control } = scene(WINDOW_MS);
    surroundings.setWallClock(WINDOW_MS);
    await world.runUntil(world.now + 1_001);
    expect(control.state).toBe("draining");
  });

  it("is not shortened or lengthened by a clock that is set back", async () => {
    const { world, surroundings, control } = scene(WINDOW_MS);
    surroundings.setWallClock(-WINDOW_MS);
    await world.runUntil(world.now + WINDOW_MS - 1);
    expect(control.state).toBe("running");
    await world.runUntil(world.now + 2);
    expect(control.state).toBe("draining");
  });

  it("does nothing once it is cancelled, or when no time was given", async () => {
    const ended = scene(WINDOW_MS);
    ended.cancel();
    const free = scene(undefined);
    for (const { world, control } of [ended, free]) {
      await world.runUntil(world.now + 2 * WINDOW_MS);
      expect(control.state).toBe("running");
    }
  });
});
