import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/core/exit-codes.ts";
import { StopRequest } from "../../src/core/stop-request.ts";
import { takeKey } from "../../src/job/keys.ts";
import { OPERATOR } from "../../src/job/operator.ts";
import { RunControl } from "../../src/job/run-control.ts";
import type { Message } from "../../src/report/messages.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";

function scene() {
  const control = new RunControl(new VirtualSurroundings(new VirtualWorld(1)), 60_000);
  const told: Message[] = [];
  const limits: unknown[] = [];
  control.listen({ onLimits: (change) => void limits.push(change) });
  control.begin();
  const press = (key: string) => takeKey(control, { tell: (message) => void told.push(message) }, key);
  return { control, told, limits, press };
}

describe("a key of a running process", () => {
  it("pauses and continues, also what `control` has paused", () => {
    const { control, press, told } = scene();
    press("p");
    expect(control.state).toBe("paused");
    press("p");
    expect(control.state).toBe("running");
    control.pause(OPERATOR);
    press("p");
    expect(control.state).toBe("running");
    expect(told).toMatchObject([{ request: "pause" }, { request: "continue" }, { request: "continue" }]);
  });

  it("does not take back the pause of somebody else, and says so", () => {
    const { control, press, told } = scene();
    control.pause("control of all machines");
    press("p");
    press("p");
    expect(control.state).toBe("paused");
    expect(told.at(-1)).toMatchObject({ request: "continue", text: "paused by control of all machines" });
  });

  it("changes the slots", () => {
    const { limits, press } = scene();
    for (const key of ["+", "=", "-"]) press(key);
    expect(limits).toEqual([{ slots: "more" }, { slots: "more" }, { slots: "fewer" }]);
  });

  it("does nothing once the run stops, and when it is another one", () => {
    const { control, press, told, limits } = scene();
    press("x");
    control.drain(new StopRequest("signal", "Ctrl+C", EXIT.interrupted));
    press("+");
    expect(limits).toEqual([]);
    expect(told).toMatchObject([{ taken: false }]);
  });
});
