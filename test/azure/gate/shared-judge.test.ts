import { describe, expect, it } from "vitest";
import { GateMemory } from "../../../src/azure/gate/gate-memory.ts";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { GATE_DEFAULTS, ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import { randomOf, type ServiceConduct, VirtualClock, VirtualService } from "../virtual-service.ts";

/** How long a message takes to the judge, ms, and how often the judge hears the counts. */
const MESSAGE_MS = 5;
const TELL_MS = 50;

/** So many threads that ask a virtual service, each with so many slots, and the judge of their gate in none of them. */
function crowd(threads: number, slots: number, conduct: Partial<ServiceConduct>, seed = 1) {
  const clock = new VirtualClock();
  const random = randomOf(seed);
  const service = new VirtualService(clock, random, conduct);
  const gate = new ServiceGate(clock, "target", GATE_DEFAULTS);
  const judge = gate.share();
  const tell = (): void => {
    judge.collect();
    judge.publish();
    clock.after(TELL_MS, tell);
  };
  tell();
  for (let thread = 0; thread < threads; thread++) {
    const memory = new GateMemory(judge.memory.buffer);
    const pacer = new Pacer(clock, () => memory.bucket.rate, memory.bucket);
    const ask = (): void => {
      const leftMs = memory.pausedUntil - clock.now();
      if (leftMs > 0) clock.after(leftMs, ask);
      else pacer.enqueue({ units: 1, go: () => (memory.pausedUntil > clock.now() ? ask() : send()) });
    };
    const send = (): void => {
      const sentAt = clock.now();
      memory.countSent();
      service.ask((answer) => {
        if (answer === "answered") {
          memory.countAnswered(clock.now() - sentAt);
          ask();
          return;
        }
        const { retryAfterMs } = service.conduct;
        if (retryAfterMs !== undefined) memory.pauseUntil(clock.now() + retryAfterMs);
        const { answered } = memory.counts;
        clock.after(MESSAGE_MS, () =>
          gate.told(`${thread}`, sentAt, answered, (pass) => void pass.throttled(retryAfterMs)),
        );
        clock.after(500 * random(), ask);
      });
    };
    for (let slot = 0; slot < slots; slot++) clock.after(0, ask);
  }
  const during = (seconds: number) => {
    const before = { answered: service.answered, refused: service.refused };
    clock.runUntil(clock.now() + seconds * 1_000);
    const answered = service.answered - before.answered;
    const refused = service.refused - before.refused;
    return { perSecond: answered / seconds, refusedShare: refused / Math.max(1, answered + refused) };
  };
  return { gate, service, during };
}

describe("the rate that is learned from what several threads meet", () => {
  it.each([
    [95, "2,000/s", { rate: 2_000 }, 1],
    [92, "2,000/s with a Retry-After of 1 s", { rate: 2_000, retryAfterMs: 1_000 }, 1],
    [92, "200/s", { rate: 200 }, 3],
  ])("uses %i % of %s by all together, with less than 3 % refused", (percent, _, conduct, seeds) => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { gate, during, service } = crowd(3, 33, conduct, seed);
      during(60);
      const settled = during(60);
      expect(settled.perSecond / conduct.rate).toBeGreaterThan(percent / 100);
      expect(settled.refusedShare).toBeLessThan(0.03);
      expect(service.answered - gate.load.answers).toBeLessThan(0.1 * conduct.rate);
    }
  });
});

describe("a judge that hears of other threads", () => {
  it("counts the answers up to a failure before it, and those after it later", () => {
    const clock = new VirtualClock();
    const gate = new ServiceGate(clock, "target", GATE_DEFAULTS);
    const { memory } = gate.share();
    const fail = (request: number, answered: number): void =>
      gate.told(`0:${request}`, 0, answered, (pass) => void pass.failed("failing"));
    for (let n = 0; n < 7; n++) fail(n, 0);
    memory.countAnswered(1);
    memory.countAnswered(1);
    // The seventh after the first answer, and the first after the second.
    for (let n = 0; n < 7; n++) fail(n, 1);
    fail(7, 2);
    expect(gate.isDown).toBe(false);
    for (let n = 0; n < 7; n++) fail(n, 2);
    expect(gate.isDown).toBe(true);
    expect(memory.isDown).toBe(true);
    expect(gate.load.answers).toBe(2);
  });
});
