import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OwnHedgeBudget } from "../../../src/azure/attempts/hedge-budget.ts";
import {
  HEDGE_DEFAULTS,
  type HedgedKind,
  type HedgedRequest,
  Hedging,
} from "../../../src/azure/attempts/hedge.ts";
import { randomOf, VirtualClock } from "../virtual-service.ts";

/** A request in virtual time that notes when it is made a second time. */
class Request implements HedgedRequest {
  readonly allowedMs: number;
  askedAfter: number | undefined;
  isRefused = false;
  heldMs = 0;
  readonly #clock: VirtualClock;
  readonly #beganAt: number;

  constructor(clock: VirtualClock, allowedMs = 0) {
    this.#clock = clock;
    this.#beganAt = clock.now();
    this.allowedMs = allowedMs;
  }

  get spentMs(): number {
    return this.#clock.now() - this.#beganAt - this.heldMs;
  }

  askAgain(): boolean {
    if (this.isRefused) return false;
    expect(this.askedAfter).toBeUndefined();
    this.askedAfter = this.spentMs;
    return true;
  }
}

/** The policy as it is, in virtual time. @param known so many requests of 20 ms are over */
function begin(known = 0) {
  const clock = new VirtualClock();
  const kind = new Hedging(clock, HEDGE_DEFAULTS).kind({}, "put blob");
  for (let n = 0; n < known; n++) take(clock, kind, 20);
  clock.runUntil(clock.now() + 1_000);
  return { clock, kind };
}

function take(clock: VirtualClock, kind: HedgedKind, ms: number): Request {
  const request = new Request(clock);
  const underWay = kind.begin(request);
  clock.after(ms, () => kind.end(underWay, ms));
  return request;
}

describe("a second request", () => {
  it("is made for at most one in fifty, beyond 250 ms and three times what 95 % take", () => {
    const traffic = fc.record({
      requests: fc.integer({ min: 300, max: 900 }),
      everyMs: fc.integer({ min: 1, max: 40 }),
      usualMs: fc.integer({ min: 1, max: 200 }),
      stragglers: fc.double({ min: 0, max: 0.1, noNaN: true }),
      stragglerMs: fc.integer({ min: 200, max: 5_000 }),
      seed: fc.nat(),
    });
    let askedInAll = 0;
    fc.assert(
      fc.property(traffic, ({ requests, everyMs, usualMs, stragglers, stragglerMs, seed }) => {
        const { clock, kind } = begin();
        const random = randomOf(seed);
        const over: number[] = [];
        let begun = 0;
        let asked = 0;
        const start = (): void => {
          const request = new Request(clock);
          const ms = usualMs * (0.5 + random()) + (random() < stragglers ? stragglerMs : 0);
          Object.assign(request, {
            askAgain: () => {
              expect(++asked).toBeLessThanOrEqual(begun / 50);
              const p95 = over.toSorted((a, b) => a - b)[Math.ceil(0.95 * over.length) - 1] ?? 0;
              expect(over.length).toBeGreaterThanOrEqual(200);
              expect(request.spentMs).toBeGreaterThan(Math.max(250, 3 * p95));
              return true;
            },
          });
          const underWay = kind.begin(request);
          begun++;
          clock.after(ms, () => {
            over.push(ms);
            kind.end(underWay, ms);
          });
          if (begun < requests) clock.after(everyMs, start);
        };
        start();
        clock.runUntil(clock.now() + requests * everyMs + 10_000);
        expect(over.length).toBe(requests);
        askedInAll += asked;
      }),
      { numRuns: 80 },
    );
    expect(askedInAll).toBeGreaterThan(0);
  });

  it("is made soon after 250 ms, and once", () => {
    const { clock, kind } = begin(200);
    const straggler = take(clock, kind, 5_000);
    clock.runUntil(clock.now() + 5_000);
    expect(straggler.askedAfter).toBeGreaterThan(250);
    expect(straggler.askedAfter).toBeLessThanOrEqual(301);
  });

  it("is not made before enough is known of the kind", () => {
    const { clock, kind } = begin(199);
    const straggler = take(clock, kind, 5_000);
    clock.runUntil(clock.now() + 5_000);
    expect(straggler.askedAfter).toBeUndefined();
  });

  it("is made later for a request that may take longer for its length, and not for time that we held it ourselves", () => {
    const { clock, kind } = begin(200);
    const long = new Request(clock, 1_000);
    const held = Object.assign(new Request(clock), { heldMs: 900 });
    kind.begin(long);
    kind.begin(held);
    clock.runUntil(clock.now() + 1_100);
    expect(long.askedAfter).toBeUndefined();
    expect(held.askedAfter).toBeUndefined();
    clock.runUntil(clock.now() + 300);
    expect(long.askedAfter).toBeGreaterThan(1_250);
    expect(held.askedAfter).toBeGreaterThan(250);
  });

  it("is made for twenty at most when a whole service gets slow after a long quiet", () => {
    const { clock, kind } = begin(10_000);
    const slow = Array.from({ length: 200 }, () => take(clock, kind, 3_000));
    clock.runUntil(clock.now() + 3_000);
    expect(slow.filter(({ askedAfter }) => askedAfter !== undefined)).toEqual(slow.slice(0, 20));
  });

  it("waits until the service may be asked", () => {
    const { clock, kind } = begin(200);
    const straggler = new Request(clock);
    straggler.isRefused = true;
    kind.begin(straggler);
    clock.runUntil(clock.now() + 1_000);
    straggler.isRefused = false;
    clock.runUntil(clock.now() + 50);
    expect(straggler.askedAfter).toBeGreaterThan(1_000);
  });

  it("is not made while this process is too busy to read its answers", () => {
    const clock = new VirtualClock();
    let lateMs = 0;
    const busy = clock.with({ after: (ms, run) => clock.after(ms + lateMs, run) });
    const kind = new Hedging(busy, HEDGE_DEFAULTS).kind({}, "put blob");
    for (let n = 0; n < 200; n++) take(clock, kind, 20);
    clock.runUntil(1_000);
    lateMs = 100;
    const straggler = take(clock, kind, 5_000);
    clock.runUntil(3_000);
    expect(straggler.askedAfter).toBeUndefined();
    lateMs = 0;
    clock.runUntil(3_500);
    expect(straggler.askedAfter).toBeGreaterThan(2_000);
  });

  it("is counted by service and operation", () => {
    const clock = new VirtualClock();
    const hedging = new Hedging(clock, HEDGE_DEFAULTS);
    const service = {};
    const kind = hedging.kind(service, "put blob");
    expect(hedging.kind(service, "put blob")).toBe(kind);
    for (let n = 0; n < 200; n++) take(clock, kind, 20);
    clock.runUntil(1_000);
    const others = [hedging.kind(service, "put blob from url"), hedging.kind({}, "put blob")];
    const unknown = others.map((other) => take(clock, other, 5_000));
    clock.runUntil(7_000);
    expect(unknown.map(({ askedAfter }) => askedAfter)).toEqual([undefined, undefined]);
  });
});

describe("the timer", () => {
  it("runs only while requests are under way that have no second one", () => {
    const clock = new VirtualClock();
    let looks = 0;
    const counting = clock.with({
      after: (ms, run) => {
        looks++;
        return clock.after(ms, run);
      },
    });
    const kind = new Hedging(counting, HEDGE_DEFAULTS).kind({}, "put blob");
    for (let n = 0; n < 300; n++) take(clock, kind, 120);
    clock.runUntil(60_000);
    expect(looks).toBe(3);
  });
});

describe("eight threads, each of which sees an eighth of the requests", () => {
  /** 1 % take 2 s, the others 10 to 60 ms. @returns how many were made twice, of those that were slow and of the others */
  function playOn(threads: number): { readonly slow: number; readonly others: number } {
    const clock = new VirtualClock();
    const random = randomOf(7);
    const service = { hedges: new OwnHedgeBudget() };
    const kinds = Array.from({ length: threads }, () =>
      new Hedging(clock, HEDGE_DEFAULTS).kind(service, "put blob"),
    );
    const asked: { readonly isSlow: boolean; readonly request: Request }[] = [];
    for (let n = 0; n < 40_000; n++) {
      const isSlow = random() < 0.01;
      const kind = kinds[Math.floor(random() * threads)]!;
      asked.push({ isSlow, request: take(clock, kind, isSlow ? 2_000 : 10 + 50 * random()) });
      clock.runUntil(clock.now() + 1);
    }
    clock.runUntil(clock.now() + 5_000);
    const twice = asked.filter(({ request }) => request.askedAfter !== undefined);
    const slow = twice.filter(({ isSlow }) => isSlow).length;
    return { slow, others: twice.length - slow };
  }

  it("decide as one thread that sees all does, once each has seen 200", () => {
    const [one, eight] = [playOn(1), playOn(8)];
    expect(one.slow).toBeGreaterThan(350);
    // Stragglers among the first 1,600.
    expect(eight.slow).toBeGreaterThan(one.slow - 2 * 16);
    expect(eight.slow + eight.others).toBeLessThanOrEqual(40_000 / HEDGE_DEFAULTS.oneIn);
    expect([one.others, eight.others]).toEqual([0, 0]);
  });
});
