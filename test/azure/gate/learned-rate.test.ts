import { describe, expect, it } from "vitest";
import { LearnedRate, type RateChange } from "../../../src/azure/gate/learned-rate.ts";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { randomOf, type ServiceConduct, VirtualClock, VirtualService } from "../virtual-service.ts";

/** Clients that ask a virtual service as often as its learned rate lets them, and ask again what it refuses. */
function crowd(clients: number, conduct: Partial<ServiceConduct>, seed = 1, beginsAfterMs = 0) {
  const clock = new VirtualClock();
  const random = randomOf(seed);
  const service = new VirtualService(clock, random, conduct);
  const changes: RateChange[] = [];
  const rate = new LearnedRate(0, (_, __, why) => changes.push(why));
  const pacer = new Pacer(clock, (now) => rate.at(now));
  let pausedUntil = 0;
  /** As the gate does it: what was held by the rate looks again whether the service is paused. */
  const unlessPaused = (next: () => void): void => {
    if (clock.now() >= pausedUntil) next();
    else clock.after(pausedUntil - clock.now(), ask);
  };
  let idleUntil = 0;
  const ask = (): void => {
    if (clock.now() < idleUntil) clock.after(idleUntil - clock.now(), ask);
    else askNow();
  };
  const askNow = (): void => unlessPaused(() => pacer.enqueue({ units: 1, go: () => unlessPaused(send) }));
  const send = (): void => {
    const sentAt = clock.now();
    rate.sent(sentAt);
    service.ask((answer) => {
      const now = clock.now();
      if (answer === "answered") {
        rate.answered(sentAt, now);
        ask();
      } else if (answer === "refused") {
        const { retryAfterMs } = service.conduct;
        rate.refused(sentAt, now, retryAfterMs);
        pausedUntil = Math.max(pausedUntil, now + (retryAfterMs ?? 0));
        clock.after(500 * random(), ask);
      } else {
        rate.timedOut(sentAt, now);
        clock.after(500 * random(), ask);
      }
    });
  };
  for (let client = 0; client < clients; client++) clock.after(beginsAfterMs, ask);
  /** What was answered a second, and which share was refused, in this stretch of time. */
  const during = (seconds: number) => {
    const before = { answered: service.answered, refused: service.refused };
    clock.runUntil(clock.now() + seconds * 1_000);
    const answered = service.answered - before.answered;
    const refused = service.refused - before.refused;
    return { perSecond: answered / seconds, refusedShare: refused / Math.max(1, answered + refused) };
  };
  /** For so long nobody asks for anything. */
  const idle = (seconds: number): void => {
    idleUntil = clock.now() + seconds * 1_000;
    clock.runUntil(idleUntil);
  };
  return { service, rate, clock, changes, during, idle };
}

describe("the learned rate of a service", () => {
  it("is unlimited while nothing is refused", () => {
    const { rate, during } = crowd(10, { latencyMs: 20, spread: 0 });
    expect(during(10).perSecond).toBeGreaterThan(495);
    expect(rate.at(10_000)).toBeUndefined();
  });

  it.each([
    [95, "2,000/s at 20 ms", { rate: 2_000 }, 400, 1],
    [95, "2,000/s at 20 ms, with a Retry-After of 1 s", { rate: 2_000, retryAfterMs: 1_000 }, 400, 1],
    [95, "200/s at 20 ms", { rate: 200 }, 100, 3],
    [92, "200/s at 20 ms, with a Retry-After of 1 s", { rate: 200, retryAfterMs: 1_000 }, 100, 3],
    [95, "200/s at 50 ms, with room for 1 s at once", { rate: 200, latencyMs: 50, burstMs: 1_000 }, 100, 3],
    [95, "200/s at widely different latencies", { rate: 200, spread: 1 }, 100, 3],
    [92, "20/s at 20 ms", { rate: 20 }, 50, 3],
  ])(
    "uses %i % of a limit of %s, with less than 2 % refused after the first minute",
    (percent, _, conduct, clients, seeds) => {
      for (let seed = 1; seed <= seeds; seed++) {
        const { during } = crowd(clients, conduct, seed);
        during(60);
        const settled = during(60);
        expect(settled.perSecond / conduct.rate).toBeGreaterThan(percent / 100);
        expect(settled.refusedShare).toBeLessThan(0.02);
      }
    },
  );

  it.each([undefined, 1_000])(
    "follows a limit that falls to its half and is back at 90 % within 30 s of its release, Retry-After %s",
    (retryAfterMs) => {
      for (const seed of [1, 2, 3]) {
        const { service, during } = crowd(100, { rate: 400, retryAfterMs }, seed);
        during(60);
        const before = during(20);
        service.conduct.rate = 200;
        during(10);
        expect(during(10 + 7 * seed).perSecond).toBeGreaterThan(140);
        service.conduct.rate = 400;
        during(30);
        expect(during(5).perSecond).toBeGreaterThan(0.9 * before.perSecond);
      }
    },
  );

  it.each([0, 400, 900, 1_500, 10_000])(
    "takes the limit from what is answered, not from the %i ms before the first request",
    (beginsAfterMs) => {
      for (const seed of [1, 2, 3]) {
        const { during } = crowd(32, { rate: 500 }, seed, beginsAfterMs);
        during(beginsAfterMs / 1_000);
        expect(during(5).perSecond).toBeGreaterThan(0.8 * 500);
        expect(during(5).perSecond).toBeGreaterThan(0.95 * 500);
      }
    },
  );

  it.each([3, 60, 600])(
    "takes the limit from what is answered, not from %i s in which nobody asked",
    (seconds) => {
      for (const seed of [1, 2, 3]) {
        const { service, during, idle } = crowd(32, {}, seed);
        during(5.4);
        idle(seconds);
        service.conduct.rate = 500;
        expect(during(5).perSecond).toBeGreaterThan(0.8 * 500);
        idle(seconds);
        expect(during(5).perSecond).toBeGreaterThan(0.9 * 500);
      }
    },
  );

  it("follows a fall of the limit whenever it comes, also shortly after a cut", () => {
    for (let moment = 0; moment < 12; moment++) {
      const { service, during } = crowd(100, { rate: 400 }, moment + 1);
      during(30 + moment);
      service.conduct.rate = 200;
      during(5);
      expect(during(10).refusedShare).toBeLessThan(0.05);
    }
  });

  it("finds a limit that rises far above what it was", () => {
    const { service, during } = crowd(400, { rate: 100 });
    during(60);
    service.conduct.rate = 2_000;
    during(30);
    expect(during(5).perSecond).toBeGreaterThan(1_800);
  });

  it.each([0.01, 0.1, 0.3])(
    "is not cut for refusals of %d that have another cause than the rate",
    (faults) => {
      const { during, changes } = crowd(20, { faults });
      during(60);
      expect(changes).toContain("not-for-the-rate");
      // 20 clients, 20 ms each, and a pause of 250 ms on average after each refusal.
      const undisturbed = 20_000 / (20 + (250 * faults) / (1 - faults));
      expect(during(60).perSecond).toBeGreaterThan(0.8 * undisturbed);
    },
  );

  it("is cut when many requests time out, and not for a straggler now and then", () => {
    const overloaded = crowd(100, { hangs: 0.3 });
    overloaded.during(20);
    expect(overloaded.changes).toContain("timeouts");
    const fine = crowd(20, { hangs: 0.001 });
    fine.during(20);
    expect(fine.changes).toEqual([]);
  });

  it("is not raised while it is not used, because that would prove nothing", () => {
    const { service, rate, clock } = crowd(100, { rate: 250 });
    clock.runUntil(20_000);
    // From here on all clients wait for answers that take a second.
    service.conduct.latencyMs = 1_000;
    const learned = rate.at(clock.now()) ?? 0;
    clock.runUntil(200_000);
    expect(rate.at(clock.now())).toBeLessThan(1.2 * learned);
  });
});
