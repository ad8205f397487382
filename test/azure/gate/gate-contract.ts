/** What holds of every gate, whichever thread its judge is in. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import type { Gate, GatePass } from "../../../src/azure/gate/gate.ts";
import type { GateOptions, ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import type { OutageReason } from "../../../src/azure/gate/outage.ts";
import type { ServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { SignInError } from "../../../src/azure/sign-in/token-source.ts";
import { ReuploadError } from "../../../src/core/errors.ts";
import { answered, lost, QUICK, scripted, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** A gate, and what its judge waits for. */
export type TestGate = Gate & Pick<ServiceGate, "waiting">;

const never = new AbortController().signal;

/** A pass for a request of its own unless told otherwise. */
export async function enter(gate: Gate, request: object = {}): Promise<GatePass> {
  return gate.enter(request, never);
}

/** So many attempts in a row fail, each of a request of its own unless told otherwise. */
export async function fail(gate: Gate, times: number, reason: OutageReason, request?: object): Promise<void> {
  for (let n = 0; n < times; n++) await (await enter(gate, request ?? { n })).failed(reason);
}

/** Whether it is still not settled after a while. */
async function isWaiting(work: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([work.catch(() => {}), sleep(60, "waiting")])) === "waiting";
}

/** Trips the gate as a service that answered before and is gone. */
async function goDown(gate: Gate, reason: OutageReason = "unreachable"): Promise<void> {
  (await enter(gate)).answered();
  await fail(gate, { unreachable: 3, "sign-in": 1 }[reason as string] ?? 8, reason);
  expect(gate.isDown).toBe(true);
}

/** @param open as `quickGate` @param title of the gate */
export function describeGate(title: string, open: (options?: Partial<GateOptions>) => TestGate): void {
  describe(`${title}: the brake`, () => describeBrake(open));
  describe(`${title}: the patience with an outage`, () => describePatience(open));
  describe(`${title}: a pause by Retry-After`, () => describePause(open));
}

type Open = (options?: Partial<GateOptions>) => TestGate;

function describeBrake(open: Open): void {
  it("is put on by eight failures in a row of three requests, and not earlier", async () => {
    const gate = open();
    await fail(gate, 7, "failing");
    expect(gate.isDown).toBe(false);
    await fail(gate, 1, "failing");
    expect(gate.isDown).toBe(true);
  });

  it("is not put on by one blob that always fails", async () => {
    const gate = open();
    await fail(gate, 30, "failing", {});
    const { request, calls } = scripted(answered(500));
    const failure = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, new RequestBudget(never, 60_000), "put", request),
    );
    expect(failure).toMatchObject({ status: 500, attempts: 8 });
    expect(calls()).toBe(8);
    expect(gate.isDown).toBe(false);
  });

  it("is put on by one request alone where requests are few, so that a query outlasts an outage", async () => {
    const gate = open({ fewRequests: true, maxWaitMs: 20_000, maxFirstWaitMs: 20_000 });
    (await enter(gate)).answered();
    const { request, calls } = scripted(...Array.from({ length: 20 }, () => answered(500)), "done");
    const result = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      gate,
      new RequestBudget(never, 60_000),
      "query",
      request,
    );
    expect(await result).toBe("done");
    expect(calls()).toBe(21);
  });

  it("is not put on while anything is answered in between", async () => {
    const gate = open();
    for (let round = 0; round < 5; round++) {
      await fail(gate, 7, "failing");
      (await enter(gate)).answered();
    }
    expect(gate.isDown).toBe(false);
  });

  it("is put on by three failures to connect, of whichever requests", async () => {
    const gate = open();
    await fail(gate, 2, "unreachable", {});
    await fail(gate, 1, "failing", {});
    await fail(gate, 2, "unreachable", {});
    expect(gate.isDown).toBe(false);
    await fail(gate, 1, "unreachable", {});
    expect(gate.isDown).toBe(true);
  });

  it("is put on at once when nobody is signed in", async () => {
    const gate = open({ firstProbeDelayMs: 100 });
    const error = new SignInError("az: nobody has logged in", "run `az login`", { isUnavailable: true });
    const { request } = scripted(error, "done");
    const running = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      gate,
      new RequestBudget(never, 60_000),
      "put blob",
      request,
    );
    await expect
      .poll(() => gate.waiting, { interval: 5 })
      .toMatchObject({
        what: "sign-in",
        advice: "run `az login` (az: nobody has logged in)",
        throttled: false,
      });
    expect(await running).toBe("done");
    await expect.poll(() => gate.isDown, { interval: 5 }).toBe(false);
  });

  it("passes on what the sign-in advises and what the service said after a second 401", async () => {
    const signIn = { advice: "run `az login`", hasWorked: true, ready: () => undefined };
    const gate = open({ firstProbeDelayMs: 100, signIn });
    const { request } = scripted(answered(401), answered(401), "done");
    const running = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      gate,
      new RequestBudget(never, 60_000),
      "put blob",
      request,
    );
    await expect.poll(() => gate.waiting?.advice, { interval: 5 }).toBe("run `az login` (HTTP 401)");
    expect(await running).toBe("done");
  });

  it("is put on by refusals and a lost container only where the run cannot continue without them", async () => {
    const essential = open();
    expect(essential.outageIn({ status: 403, errorCode: "AuthorizationFailure" })).toBe("forbidden");
    expect(essential.outageIn({ status: 404, errorCode: "QueueNotFound" })).toBe("missing");
    expect(essential.outageIn({ status: 404, errorCode: "ContainerNotFound" })).toBe("missing");
    expect(essential.outageIn({ status: 403, errorCode: "CannotVerifyCopySource" })).toBeUndefined();
    expect(essential.outageIn({ status: 404, errorCode: "BlobNotFound" })).toBeUndefined();
    const source = open({ essential: false });
    expect(source.outageIn({ status: 403, errorCode: "AuthorizationFailure" })).toBeUndefined();
    expect(source.outageIn({ status: 404, errorCode: "ContainerNotFound" })).toBeUndefined();
  });

  it("lets one probe at a time pass until one is answered", async () => {
    const gate = open();
    await goDown(gate);
    const first = await enter(gate);
    const others = Array.from({ length: 5 }, async () => enter(gate));
    expect(await isWaiting(Promise.race(others))).toBe(true);
    await first.failed("unreachable");
    const second = await Promise.race(others);
    expect(gate.isDown).toBe(true);
    second.answered();
    await expect.poll(() => gate.isDown, { interval: 5 }).toBe(false);
    expect(gate.waiting).toBeUndefined();
    await Promise.all(others);
  });

  it("probes a service that asks to slow down at one pace, and one that is gone more and more rarely", async () => {
    const goDownBy = async (reason: "overloaded" | "failing"): Promise<TestGate> => {
      const gate = open({ firstProbeDelayMs: 5, longestProbeDelayMs: 10_000 });
      for (let request = 0; request < 8; request++) await fail(gate, 1, reason, { request });
      expect(gate.isDown).toBe(true);
      return gate;
    };
    // 5 ms doubled each time would be 20 s by the 13th.
    const slow = await goDownBy("overloaded");
    for (let probe = 0; probe < 13; probe++) await fail(slow, 1, "overloaded");
    const gone = await goDownBy("failing");
    const until = performance.now() + 400;
    let probes = 0;
    for (; performance.now() < until; probes++) {
      const pass = await Promise.race([enter(gone), sleep(until - performance.now())]);
      if (pass === undefined) break;
      await pass.failed("failing");
    }
    expect(probes).toBeLessThan(8);
  });

  it("probes again when we gave a probe up", async () => {
    const gate = open();
    await goDown(gate);
    (await enter(gate)).abandoned();
    (await enter(gate)).answered();
    await expect.poll(() => gate.isDown, { interval: 5 }).toBe(false);
  });

  it("charges nothing while it is on: not an attempt, not the file's time", async () => {
    const gate = open();
    await goDown(gate);
    const outcomes = [...Array.from({ length: 20 }, () => lost("ECONNREFUSED")), "done"];
    const { request, calls } = scripted(...outcomes);
    const effort = new RequestBudget(never, 60_000);
    const slow = async () => {
      await sleep(20);
      return request();
    };
    expect(await new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort, "put", slow)).toBe("done");
    expect(calls()).toBe(21);
    expect(effort.attempts).toBe(1);
    expect(effort.leftMs).toBeGreaterThan(59_800);
  });
}

function describePatience(open: Open): void {
  const cases = [
    ["unreachable", "unavailable", 6],
    ["failing", "unavailable", 6],
    ["missing", "unavailable", 6],
    ["forbidden", "permission", 4],
    ["sign-in", "sign-in", 4],
  ] as const;

  it.each(cases)(
    "of a service that is %s ends the run as %s, exit code %i",
    async (reason, code, exitCode) => {
      const gate = open({ maxWaitMs: 40 });
      await goDown(gate, reason);
      const denied =
        reason === "sign-in" ? { signInFailed: true } : { status: reason === "forbidden" ? 403 : 500 };
      const { request } = scripted(Object.assign(lost("ECONNREFUSED"), { answer: denied }));
      const error = await thrownBy(
        new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, new RequestBudget(never, 60_000), "put", request),
      );
      expect(error).toBeInstanceOf(ReuploadError);
      expect(error).toMatchObject({ code, exitCode });
    },
  );

  it("ends earlier for a service that never answered", async () => {
    const gate = open({ maxFirstWaitMs: 20, maxWaitMs: 60_000 });
    await fail(gate, 3, "unreachable");
    const { request } = scripted(lost("ECONNREFUSED"));
    const error = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, new RequestBudget(never, 60_000), "put", request),
    );
    expect(error).toMatchObject({ code: "unavailable" });
  });

  it("ends with a failed request, not with the run, for a source that never answered", async () => {
    const gate = open({ maxFirstWaitMs: 20, maxWaitMs: 60_000, essential: false });
    const { request } = scripted(lost("ENOTFOUND"));
    const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
    for (let file = 0; file < 5; file++) {
      const error = await thrownBy(
        attempts.run(gate, new RequestBudget(never, 60_000), "read source", request),
      );
      expect(error).toMatchObject({
        name: "ServiceFailure",
        operation: "connect",
      } satisfies Partial<ServiceFailure>);
    }
  });

  it("ends the run when nobody is signed in, also at a source that never answered", async () => {
    const gate = open({ maxFirstWaitMs: 20, essential: false });
    await fail(gate, 1, "sign-in");
    const { request } = scripted(Object.assign(lost(""), { answer: { signInFailed: true } }));
    const error = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, new RequestBudget(never, 60_000), "read", request),
    );
    expect(error).toMatchObject({ code: "sign-in", exitCode: 4 });
  });

  it("is that of a run under way when the sign-in has worked before, whichever service loses it", async () => {
    const signIn = { advice: "run `az login`", hasWorked: true, ready: () => undefined };
    const gate = open({ maxFirstWaitMs: 1, firstProbeDelayMs: 20, essential: false, signIn });
    await fail(gate, 1, "sign-in");
    await sleep(5);
    const { request } = scripted("done");
    expect(
      await new Attempts(REAL_SURROUNDINGS, QUICK).run(
        gate,
        new RequestBudget(never, 60_000),
        "read",
        request,
      ),
    ).toBe("done");
  });

  it("ends with why there is no token and what to do about it", async () => {
    const gate = open({ maxWaitMs: 20 });
    const why = "az: AADSTS70043: The refresh token has expired";
    const { request } = scripted(new SignInError(why, "run `az login --tenant t`", { isUnavailable: true }));
    const error = await thrownBy(
      new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, new RequestBudget(never, 60_000), "put", request),
    );
    expect(error).toMatchObject({
      code: "sign-in",
      message: `Nobody is signed in to reach the target account.example (waited under a minute): ${why}`,
      advice: "Run `az login --tenant t`, then run the command again.",
    });
  });
}

function describePause(open: Open): void {
  it("holds every request of the service and no other", async () => {
    const gate = open();
    const other = open();
    await (await enter(gate)).throttled(60_000);
    expect(gate.waiting).toMatchObject({ throttled: true });
    expect(await isWaiting(Promise.race(Array.from({ length: 5 }, async () => enter(gate))))).toBe(true);
    (await enter(other)).answered();
  });

  it("is over when its time has passed, and the latest of several counts", async () => {
    const gate = open();
    const [first, second, third] = [await enter(gate), await enter(gate), await enter(gate)];
    const began = Date.now();
    await first.throttled(50);
    await second.throttled(120);
    await third.throttled(1);
    (await enter(gate)).answered();
    expect(Date.now() - began).toBeGreaterThanOrEqual(119);
  });

  it("is not longer than the longest that is believed", async () => {
    const gate = open({ longestPauseMs: 20 });
    const began = Date.now();
    await (await enter(gate)).throttled(1e12);
    (await enter(gate)).answered();
    expect(Date.now() - began).toBeGreaterThanOrEqual(19);
  });

  it("holds the probes of an outage too", async () => {
    const gate = open();
    for (let n = 0; n < 8; n++) {
      const pass = await enter(gate);
      await pass.throttled(n === 7 ? 60_000 : undefined);
    }
    expect(gate.isDown).toBe(true);
    expect(await isWaiting(enter(gate))).toBe(true);
  });
}
