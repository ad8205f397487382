import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Attempts, backoffMs } from "../../../src/azure/attempts/attempt.ts";
import { RequestBudget, fileDeadlineMs } from "../../../src/azure/attempts/effort.ts";
import { ServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { FileFailure } from "../../../src/core/failure.ts";
import { answered, lost, QUICK, quickGate, scripted, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const never = new AbortController().signal;
const effort = (limitMs = 60_000): RequestBudget => new RequestBudget(never, limitMs);
/** A gate that stays open: what it says of the service is not what is tested here. */
const openGate = () => {
  const gate = quickGate();
  return Object.assign(gate, { enter: async () => IGNORED }) as typeof gate;
};
const IGNORED = { answered() {}, throttled() {}, failed() {}, abandoned() {} };

describe("a request that fails", () => {
  const passing = [
    ...[408, 429, 500, 502, 503, 504].map((status) => answered(status)),
    ...["ECONNRESET", "EPIPE", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT"].map(lost),
    new ServiceFailure("test", "timed out", { timedOut: true }),
    new Error("an error that nobody foresaw"),
  ];

  it.each(passing.map((error) => [error.message, error] as const))(
    "is tried again after %s",
    async (_, error) => {
      const { request, calls } = scripted(error, error, "done");
      const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
      const its = effort();
      expect(await attempts.run(openGate(), its, "put blob", request)).toBe("done");
      expect(calls()).toBe(3);
      expect(its.attempts).toBe(3);
      expect(attempts.figures.retries).toBe(2);
    },
  );

  it.each([400, 403, 404, 409, 412, 413, 416, 501])("is not tried again after %i", async (status) => {
    const { request, calls } = scripted(answered(status), "done");
    const failure = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(openGate(), effort(), "put blob", request),
    );
    expect(failure).toMatchObject({ status, attempts: 1 });
    expect(calls()).toBe(1);
  });

  it("ends with its last answer after eight attempts", async () => {
    const { request, calls } = scripted(...Array.from({ length: 7 }, () => answered(500)), answered(502));
    const its = effort();
    const failure = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(openGate(), its, "put blob", request),
    );
    expect(failure).toMatchObject({ status: 502, attempts: 8 });
    expect(calls()).toBe(8);
    expect(its.attempts).toBe(8);
  });

  it("renews a refused token once: a second 401 of a source is its answer", async () => {
    const renewed = scripted(answered(401), "done");
    expect(
      await new Attempts(REAL_SURROUNDINGS, QUICK).run(quickGate(), effort(), "put blob", renewed.request),
    ).toBe("done");
    const refused = scripted(answered(401));
    const gate = quickGate({ essential: false });
    const failure = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "read source", refused.request),
    );
    expect(failure).toMatchObject({ status: 401 });
    expect(refused.calls()).toBe(2);
    expect(gate.isDown).toBe(false);
  });

  it.each([new FileFailure("bad-name", "the name leaves the container"), new TypeError("a defect of ours")])(
    "is passed on at once when the service has no part in it: %s",
    async (error) => {
      const { request, calls } = scripted(error);
      const gate = quickGate();
      expect(
        await thrownBy(new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort(), "put blob", request)),
      ).toBe(error);
      expect(calls()).toBe(1);
      expect(gate.isDown).toBe(false);
    },
  );

  it("counts throttled attempts separately from repeated ones", async () => {
    const { request } = scripted(answered(429), answered(503), answered(500), "done");
    const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
    await attempts.run(openGate(), effort(), "put blob", request);
    expect(attempts.figures).toEqual({ retries: 3, throttles: 2, hedges: 0 });
  });
});

describe("the backoff", () => {
  it("is random between zero and a bound that doubles up to the longest", () => {
    const policy = fc.record({
      baseDelayMs: fc.integer({ min: 1, max: 1000 }),
      maxDelayMs: fc.integer({ min: 1, max: 60_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), policy, (attempt, delays) => {
        const bound = Math.min(delays.maxDelayMs, delays.baseDelayMs * 2 ** (attempt - 2));
        const waits = Array.from({ length: 50 }, () =>
          backoffMs(attempt, { ...QUICK, ...delays }, REAL_SURROUNDINGS.random()),
        );
        expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...waits)).toBeLessThan(bound);
        // Full jitter: both ends are reached, so that requests that failed together come back apart.
        expect(Math.min(...waits)).toBeLessThan(bound / 2);
        expect(Math.max(...waits)).toBeGreaterThan(bound / 2);
      }),
    );
  });

  it("does not begin when the file's time would end in it: the last answer is the reason", async () => {
    const { request, calls } = scripted(answered(500));
    const policy = { ...QUICK, baseDelayMs: 1e9, maxDelayMs: 1e9 };
    const failure = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, policy).run(openGate(), effort(1), "put blob", request),
    );
    expect(failure).toMatchObject({ status: 500, attempts: 1 });
    expect(calls()).toBe(1);
  });
});

describe("the time of a file", () => {
  it("is ten minutes and a second a MiB", () => {
    expect(fileDeadlineMs(0)).toBe(600_000);
    expect(fileDeadlineMs(64 * 2 ** 20)).toBe(664_000);
  });

  it("may be longer than a timer can be set to", async () => {
    const { request } = scripted("done");
    const its = effort(fileDeadlineMs(190 * 2 ** 40));
    expect(await new Attempts(REAL_SURROUNDINGS, QUICK).run(openGate(), its, "put blob", request)).toBe(
      "done",
    );
  });

  it("is spent by attempts and backoffs together", async () => {
    const its = effort();
    await new Attempts(REAL_SURROUNDINGS, QUICK).run(
      openGate(),
      its,
      "put blob",
      scripted(answered(500), "done").request,
    );
    expect(its.leftMs).toBeLessThan(60_000);
    its.extend(1000);
    expect(its.leftMs).toBeGreaterThan(60_000);
  });
});
