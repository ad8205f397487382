import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/core/exit-codes.ts";
import { StopRequest } from "../../src/core/stop-request.ts";
import { RunControl, type RunState } from "../../src/job/run-control.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";

const GRACE_MS = 60_000;
const ctrlC = new StopRequest("signal", "Ctrl+C", EXIT.interrupted);
const term = new StopRequest("signal", "SIGTERM", EXIT.terminated);

function scene() {
  const world = new VirtualWorld(1);
  const control = new RunControl(new VirtualSurroundings(world), GRACE_MS);
  const states: RunState[] = [];
  control.listen({ onState: (state) => void states.push(state) });
  return { world, control, states };
}

describe("the control of a run", () => {
  it("drains at the first request, and aborts when the grace time is over", async () => {
    const { world, control, states } = scene();
    control.begin();
    control.drain(ctrlC);
    expect(control.draining.reason).toBe(ctrlC);
    expect(control.aborting.aborted).toBe(false);
    await world.runUntil(world.now + GRACE_MS - 1);
    expect(control.aborting.aborted).toBe(false);
    await world.runUntil(world.now + 2);
    expect(control.aborting.reason).toBe(ctrlC);
    expect(states).toEqual(["running", "draining", "stopping"]);
  });

  it("keeps why it was told to stop first", () => {
    const { control } = scene();
    control.begin();
    control.drain(ctrlC);
    control.drain(term);
    control.abort(term);
    expect(control.stopRequest).toBe(ctrlC);
    expect(control.aborting.reason).toBe(ctrlC);
  });

  it("goes on only when everybody who paused it has taken that back", () => {
    const { control } = scene();
    control.begin();
    control.pause("the operator");
    control.pause("the lease");
    control.continue("the operator");
    expect(control.state).toBe("paused");
    control.continue("the lease");
    expect(control.state).toBe("running");
  });

  it("begins paused when it was paused before", () => {
    const { control } = scene();
    control.pause("the operator");
    control.begin();
    expect(control.state).toBe("paused");
  });

  it("hands on changed limits until it has ended, and those from before its begin with it", () => {
    const { control } = scene();
    const seen: unknown[] = [];
    control.listen({ onLimits: (change) => void seen.push(change) });
    control.setLimits({ concurrency: 11 });
    expect(seen).toEqual([]);
    control.begin();
    control.setLimits({ concurrency: 12 });
    control.end();
    control.setLimits({ concurrency: 13 });
    expect(seen).toEqual([{ concurrency: 11 }, { concurrency: 12 }]);
  });

  it("changes nothing after its end", async () => {
    const { world, control } = scene();
    control.begin();
    control.drain(ctrlC);
    control.end();
    control.abort(term);
    control.pause("late");
    await world.runUntil(world.now + 2 * GRACE_MS);
    expect(control.state).toBe("ended");
    expect(control.aborting.aborted).toBe(false);
  });

  it("is never in a state that its signals deny, whatever comes in whatever order", () => {
    const steps = ["begin", "drain", "abort", "pause", "continue", "end"] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 20 }), (taken) => {
        const { control } = scene();
        for (const step of taken) {
          if (step === "drain") control.drain(ctrlC);
          else if (step === "abort") control.abort(term);
          else if (step === "pause" || step === "continue") control[step]("somebody");
          else control[step]();
          const { state, draining, aborting, stopRequest } = control;
          if (state === "draining" || state === "stopping") expect(draining.aborted).toBe(true);
          if (state === "running" || state === "paused") expect(draining.aborted).toBe(false);
          if (state === "stopping") expect(aborting.aborted).toBe(true);
          if (aborting.aborted) expect(draining.aborted).toBe(true);
          expect(draining.aborted).toBe(stopRequest !== undefined);
        }
      }),
    );
  });
});
