import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { GATE_DEFAULTS, type GateOptions, ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import { VirtualClock } from "../virtual-service.ts";
import { QUICK, quickGate } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { describeGate, enter, fail } from "./gate-contract.ts";

const never = new AbortController().signal;

describeGate("the judge itself", quickGate);

describe("the gate of a service that needs a sign-in", () => {
  it("waits for a token with the attempt's clocks stopped, where every request needs one", async () => {
    const signIn = { advice: "", hasWorked: false, ready: async () => sleep(60) };
    for (const essential of [true, false]) {
      const gate = quickGate({ signIn, essential });
      const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, idleMs: 20 });
      const began = performance.now();
      const request = async () => performance.now() - began;
      const waitedMs = await attempts.run(gate, new RequestBudget(never, 1000), "put blob", request);
      expect(waitedMs > 59).toBe(essential);
      expect(attempts.figures.retries).toBe(0);
    }
  });
});

describe("a clock that is set", () => {
  /** A gate on virtual time whose wall clock can be set, and what lets time pass. */
  function clocks(options: Partial<GateOptions> = {}) {
    const clock = new VirtualClock();
    let offset = 0;
    const surroundings = clock.with({ wall: () => clock.now() + offset });
    return {
      gate: new ServiceGate(surroundings, "target account.example", { ...GATE_DEFAULTS, ...options }),
      setWall: (byMs: number) => void (offset = byMs),
      pass: async (ms: number): Promise<void> => {
        for (const end = clock.now() + ms; clock.now() < end;) {
          clock.runUntil(Math.min(end, clock.now() + 50));
          await immediate();
        }
      },
    };
  }

  it("neither prolongs a pause nor ends it", async () => {
    const { gate, setWall, pass } = clocks();
    await (await enter(gate)).throttled(1_000);
    let hasPassed = false;
    const passing = enter(gate).then(() => (hasPassed = true));
    setWall(3_600_000);
    await pass(900);
    expect(hasPassed).toBe(false);
    setWall(-3_600_000);
    await pass(200);
    expect(hasPassed).toBe(true);
    await passing;
  });

  it("does not end the patience with an outage", async () => {
    const { gate, setWall, pass } = clocks({ firstProbeDelayMs: 1_000, maxFirstWaitMs: 30_000 });
    await fail(gate, 3, "unreachable");
    const probing = enter(gate);
    await pass(1_100);
    const probe = await probing;
    const other = enter(gate).catch((thrown: unknown) => thrown);
    setWall(3_600_000);
    await pass(500);
    probe.answered();
    await pass(500);
    expect(await other).not.toBeInstanceOf(Error);
  });
});
