/** Two equal requests of one attempt, in every order of their ends. */
import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { Hedging } from "../../../src/azure/attempts/hedge.ts";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import type { GateOptions } from "../../../src/azure/gate/service-gate.ts";
import type { Incident } from "../../../src/core/incident.ts";
import { FileFailure } from "../../../src/core/failure.ts";
import { answered, lost, QUICK, quickGate, thrownBy } from "../support.ts";
import { VirtualClock } from "../virtual-service.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** Whoever is under way when the requests are looked through is asked again. */
const ALWAYS = { oneIn: 1, burst: 1_000, timesP95: 0, soonestMs: 0, fewestSamples: 0 };

const never = new AbortController().signal;

/** A request that was made and waits for what the test makes of it. */
interface Made {
  readonly succeed: (value: string) => void;
  readonly fail: (error: Error) => void;
  /** It was ended by us. */
  readonly isCut: () => boolean;
}

function begin(options: Partial<GateOptions> = {}, traits = { hedged: true }) {
  const clock = new VirtualClock();
  const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, maxAttempts: 2 }, new Hedging(clock, ALWAYS));
  const run = new AbortController();
  const gate = quickGate(options);
  const made: Made[] = [];
  const request = async (pulse: AttemptContext): Promise<string> =>
    new Promise((succeed, fail) => {
      let isCut = false;
      pulse.whenEnded((reason) => {
        isCut = true;
        fail(reason);
      });
      made.push({ succeed, fail, isCut: () => isCut });
    });
  const incidents: Incident[] = [];
  const effort = new RequestBudget(run.signal, 60_000, undefined, (one) => void incidents.push(one));
  let isOver = false;
  const result = attempts.run(gate, effort, "put blob", request, traits);
  void result.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  return {
    attempts,
    gate,
    effort,
    incidents,
    run,
    made,
    result,
    isOver: () => isOver,
    /** Looks through the requests under way. */
    look: async () => {
      await turn();
      clock.runUntil(clock.now() + 100);
      await turn();
    },
  };
}

/** With the first and the second request under way. */
async function beginBoth(options: Partial<GateOptions> = {}) {
  const scene = begin(options);
  await scene.look();
  const [first, second] = scene.made;
  if (first === undefined || second === undefined) throw new Error("it was not asked again");
  return { ...scene, first, second };
}

const EXISTS = answered(409, "BlobAlreadyExists");
const FAILURES = [
  EXISTS,
  answered(412, "ConditionNotMet"),
  lost("ECONNRESET"),
  answered(500),
  answered(503, "ServerBusy"),
  answered(403),
  answered(404),
];
const named = FAILURES.map((failure) => [failure.message, failure] as const);
const pairs = named.flatMap(([a, first]) => named.map(([b, second]) => [a, b, first, second] as const));

describe("a success of one of the two", () => {
  it("is the first one's: the second is cut and has ended when the attempt is over", async () => {
    const { first, second, result, attempts, effort } = await beginBoth();
    first.succeed("first");
    expect(await result).toBe("first");
    expect(second.isCut()).toBe(true);
    expect(attempts.figures).toEqual({ retries: 0, throttles: 0, hedges: 1 });
    expect(effort.attempts).toBe(1);
  });

  it("is the second one's: the first is cut and has ended when the attempt is over", async () => {
    const { first, second, result, attempts, made } = await beginBoth();
    second.succeed("second");
    expect(await result).toBe("second");
    expect(first.isCut()).toBe(true);
    expect(made.length).toBe(2);
    expect(attempts.figures).toEqual({ retries: 0, throttles: 0, hedges: 1 });
  });

  it.each(named)("is the second one's after the first has ended with %s", async (_, failure) => {
    const { first, second, result, isOver, made } = await beginBoth();
    first.fail(failure);
    await turn();
    expect(isOver()).toBe(false);
    second.succeed("second");
    expect(await result).toBe("second");
    expect(made.length).toBe(2);
  });

  it.each(named)("is the first one's after the second has ended with %s", async (_, failure) => {
    const { first, second, result, isOver, made } = await beginBoth();
    second.fail(failure);
    await turn();
    expect(isOver()).toBe(false);
    first.succeed("first");
    expect(await result).toBe("first");
    expect(made.length).toBe(2);
  });

  it("is the second one's when the run is aborted at the same moment: the blob is there", async () => {
    const { second, result, run } = await beginBoth();
    second.succeed("second");
    run.abort(new Error("stop now"));
    expect(await result).toBe("second");
  });
});

describe("a pair of requests that both fail", () => {
  it.each(pairs)("is judged by the first with %s and %s, in either order", async (_, __, a, b) => {
    for (const isFirstSooner of [true, false]) {
      const { first, second, result, made, look } = await beginBoth();
      const ends = [() => first.fail(a), () => second.fail(b)];
      for (const end of isFirstSooner ? ends : ends.toReversed()) {
        end();
        await turn();
      }
      const isTriedAgain = [undefined, 500, 503].includes(a.status);
      if (isTriedAgain) {
        await expect.poll(() => made.length, { interval: 2 }).toBe(3);
        made[2]?.succeed("third");
        expect(await result).toBe("third");
      } else {
        expect(await thrownBy(result)).toBe(a);
        await look();
        expect(made.length).toBe(2);
      }
    }
  });

  it("is reported to the service's gate twice", async () => {
    const { first, second, result, attempts, made } = await beginBoth();
    first.fail(answered(503));
    second.fail(answered(429));
    await expect.poll(() => made.length, { interval: 2 }).toBe(3);
    made[2]?.succeed("third");
    await result;
    expect(attempts.figures).toEqual({ retries: 1, throttles: 2, hedges: 1 });
  });

  it("may be made again for the next attempt", async () => {
    const { first, second, result, made, look, attempts } = await beginBoth();
    first.fail(lost("ECONNRESET"));
    second.fail(EXISTS);
    await expect.poll(() => made.length, { interval: 2 }).toBe(3);
    await look();
    expect(made.length).toBe(4);
    made[3]?.succeed("fourth");
    expect(await result).toBe("fourth");
    expect(attempts.figures.hedges).toBe(2);
  });
});

describe("the end of a pair that is not the service's", () => {
  it("cuts both on an abort of the run, and leaves no listener", async () => {
    const { first, second, result, run } = await beginBoth();
    const reason = new Error("stop now");
    run.abort(reason);
    expect(await thrownBy(result)).toBe(reason);
    expect([first.isCut(), second.isCut()]).toEqual([true, true]);
    expect(getEventListeners(run.signal, "abort")).toEqual([]);
  });

  it("cuts the second, too, on a failure of ours", async () => {
    const { first, second, result } = await beginBoth();
    const ours = new FileFailure("integrity-mismatch", "other bytes");
    first.fail(ours);
    expect(await thrownBy(result)).toBe(ours);
    expect(second.isCut()).toBe(true);
  });

  it("is not reported when only the second ended", async () => {
    const { first, second, result } = await beginBoth();
    second.fail(new TypeError("a defect of ours"));
    await turn();
    first.succeed("first");
    expect(await result).toBe("first");
  });
});

describe("a second request", () => {
  it("is not made for a request that was not said to be safe", async () => {
    const { made, look, result } = begin({}, { hedged: false });
    await look();
    expect(made.length).toBe(1);
    made[0]?.succeed("first");
    await result;
  });

  it.each<[string, (gate: ReturnType<typeof quickGate>) => Promise<void>]>([
    ["asked to slow down", async (gate) => (await gate.enter({}, never)).throttled(60_000)],
    ["is gone", async (gate) => (await gate.enter({}, never)).failed("sign-in")],
  ])("is not made while the service %s", async (_, trouble) => {
    const { made, look, result, gate, attempts } = begin();
    await turn();
    await trouble(gate);
    await look();
    expect(made.length).toBe(1);
    made[0]?.succeed("first");
    await result;
    expect(attempts.figures.hedges).toBe(0);
  });

  it("is not made while a brake holds requests back, and counts for the brake", async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, () => 100);
    const brakes = [
      { pass: (signal: AbortSignal) => pacer.pass(1, signal), passAtOnce: () => pacer.passAtOnce(1) },
    ];
    clock.runUntil(10);
    const { made, look, result } = begin({ brakes });
    await look();
    expect(made.length).toBe(1);
    clock.runUntil(20);
    await look();
    expect(made.length).toBe(2);
    expect(pacer.passAtOnce(1)).toBe(false);
    made[1]?.succeed("second");
    await result;
  });

  it("counts against the service's rate", async () => {
    const { first, gate, result } = await beginBoth();
    first.succeed("first");
    await result;
    expect(gate.load.answers).toBe(1);
    const both = await beginBoth();
    both.second.fail(EXISTS);
    await turn();
    both.first.succeed("first");
    await both.result;
    expect(both.gate.load.answers).toBe(2);
  });

  it("keeps nobody waiting when it waits for a sign-in", async () => {
    let asked = 0;
    const lostAfterFirst = async (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
    const ready = (signal: AbortSignal) => (asked++ === 0 ? undefined : lostAfterFirst(signal));
    const { made, look, result, attempts } = begin({ signIn: { advice: "sign in", hasWorked: true, ready } });
    await look();
    expect([asked, made.length, attempts.figures.hedges]).toEqual([2, 1, 1]);
    made[0]?.succeed("first");
    expect(await result).toBe("first");
  });

  it("is ended by its own clock when it hangs, and the first continues", async () => {
    const clock = new VirtualClock();
    const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, idleMs: 150 }, new Hedging(clock, ALWAYS));
    let made = 0;
    const first = Promise.withResolvers<string>();
    const result = attempts.run(
      quickGate(),
      new RequestBudget(never, 60_000),
      "put blob",
      async (pulse) => {
        if (++made > 1) return new Promise((_, reject) => pulse.whenEnded(reject));
        const beat = setInterval(pulse.alive, 20);
        return first.promise.finally(() => clearInterval(beat));
      },
      { hedged: true },
    );
    await turn();
    clock.runUntil(100);
    await expect.poll(() => made).toBe(2);
    setTimeout(() => first.resolve("first"), 300);
    expect(await result).toBe("first");
    expect(made).toBe(2);
  });
});

describe("what kept a file from succeeding at once", () => {
  it("is told with the second request and with each request that is repeated", async () => {
    const { incidents, first, second, made, result } = await beginBoth();
    second.fail(lost("ECONNRESET"));
    first.fail(answered(503, "ServerBusy"));
    await expect.poll(() => made.length).toBe(3);
    made[2]?.succeed("in the end");
    expect(await result).toBe("in the end");
    expect(incidents).toMatchObject([
      { kind: "second-request", what: "put blob" },
      { kind: "repeated", what: "test", status: 503, code: "ServerBusy" },
    ]);
    expect(incidents[1]?.waitedMs).toBeGreaterThanOrEqual(0);
  });

  it("is nothing for a request that is answered at once, or whose answer is no", async () => {
    for (const end of [undefined, answered(409, "BlobAlreadyExists")]) {
      const { incidents, made, result } = begin({}, { hedged: false });
      await turn();
      if (end === undefined) made[0]?.succeed("at once");
      else made[0]?.fail(end);
      await result.catch(() => undefined);
      expect(incidents).toEqual([]);
    }
  });
});
