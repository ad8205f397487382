/** How long waits may last: for ever while the run takes new files, a moment once it does not. */
import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Attempts } from "../../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import { Pacer } from "../../src/azure/gate/pacer.ts";
import { WaitGivenUp } from "../../src/core/waits.ts";
import { DrainingWaits } from "../../src/pipeline/draining-waits.ts";
import { answered, lost, QUICK, quickGate, scripted, thrownBy } from "../azure/support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const PATIENCE_MS = 100;

function stopped() {
  const end = new AbortController();
  const drain = new AbortController();
  const waits = new DrainingWaits(REAL_SURROUNDINGS, end.signal, drain.signal, PATIENCE_MS);
  const effort = (): RequestBudget => new RequestBudget(end.signal, 600_000, waits);
  return { end, drain, waits, effort };
}

describe("waits", () => {
  it("last until the drain, and a moment longer", async () => {
    const { drain, waits } = stopped();
    const before = waits.signal;
    await sleep(2 * PATIENCE_MS);
    expect(before.aborted).toBe(false);
    drain.abort();
    const during = waits.signal;
    expect(before.aborted).toBe(false);
    await sleep(1.5 * PATIENCE_MS);
    expect(before.reason).toBeInstanceOf(WaitGivenUp);
    expect(during.reason).toBeInstanceOf(WaitGivenUp);
  });

  it("that begin later each have their moment", async () => {
    const { drain, waits } = stopped();
    drain.abort();
    await sleep(1.5 * PATIENCE_MS);
    const late = waits.signal;
    expect(late.aborted).toBe(false);
    await sleep(1.5 * PATIENCE_MS);
    expect(late.reason).toBeInstanceOf(WaitGivenUp);
  });

  it("end at once, with its reason, when everything ends", async () => {
    for (const drainsFirst of [true, false]) {
      const { end, drain, waits } = stopped();
      const before = waits.signal;
      if (drainsFirst) drain.abort();
      const reason = new Error("stop");
      end.abort(reason);
      expect(before.reason).toBe(reason);
      expect(waits.signal.reason).toBe(reason);
    }
    const { end, drain, waits } = stopped();
    waits[Symbol.dispose]();
    for (const { signal } of [end, drain]) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a request that waits when the run drains", () => {
  /** The request waits; the run drains; the request is given up soon, and the gate passes the next one. */
  async function expectGivenUp(waiting: Promise<unknown>, drain: AbortController): Promise<void> {
    waiting.catch(() => {});
    await sleep(50);
    const began = performance.now();
    drain.abort();
    expect(await thrownBy(waiting)).toBeInstanceOf(WaitGivenUp);
    expect(performance.now() - began).toBeLessThan(4 * PATIENCE_MS);
  }

  it("for a pause that the service asked for", async () => {
    const { drain, effort } = stopped();
    const gate = quickGate();
    const { request, calls } = scripted(answered(503, "ServerBusy", 60_000), "done");
    await expectGivenUp(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "put blob", request),
      drain,
    );
    expect(calls()).toBe(1);
  });

  it("for a service that is gone, whose probe stays free for others", async () => {
    const { drain, effort } = stopped();
    const gate = quickGate({ firstProbeDelayMs: 300, longestProbeDelayMs: 300, maxWaitMs: 60_000 });
    (await gate.enter({}, new AbortController().signal)).answered();
    const { request } = scripted(lost("ECONNREFUSED"), lost("ECONNREFUSED"), lost("ECONNREFUSED"), "done");
    await expectGivenUp(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "put blob", request),
      drain,
    );
    const others = new RequestBudget(new AbortController().signal, 60_000);
    expect(await new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, others, "put blob", request)).toBe("done");
  });

  it("for its next attempt", async () => {
    const { drain, effort } = stopped();
    const slow = { ...QUICK, baseDelayMs: 1e9, maxDelayMs: 500_000 };
    const { request } = scripted(answered(500));
    await expectGivenUp(
      new Attempts(REAL_SURROUNDINGS, slow).run(quickGate(), effort(), "put blob", request),
      drain,
    );
  });

  it("for a token", async () => {
    const { drain, effort } = stopped();
    const ready = async (signal: AbortSignal): Promise<unknown> =>
      sleep(60_000, undefined, { signal }).catch(() => {
        throw new DOMException("given up", "AbortError");
      });
    const gate = quickGate({ signIn: { advice: "", hasWorked: true, ready } });
    await expectGivenUp(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "put blob", async () => "done"),
      drain,
    );
    expect(gate.isDown).toBe(false);
  });

  it("for its turn among too many", async () => {
    const { drain, effort } = stopped();
    const pacer = new Pacer(REAL_SURROUNDINGS, () => 0.01);
    await pacer.pass(1, new AbortController().signal);
    const brake = { pass: (signal: AbortSignal) => pacer.pass(1, signal), passAtOnce: () => false };
    const gate = quickGate({ brakes: [brake] });
    await expectGivenUp(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "put blob", async () => "done"),
      drain,
    );
  });

  it("is not given up once it is in flight", async () => {
    const { drain, effort } = stopped();
    const request = async (): Promise<string> => {
      await sleep(4 * PATIENCE_MS);
      return "done";
    };
    const running = new Attempts(REAL_SURROUNDINGS, QUICK).run(quickGate(), effort(), "put blob", request);
    drain.abort();
    expect(await running).toBe("done");
  });
});
