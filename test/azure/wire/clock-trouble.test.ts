import { describe, expect, it, onTestFinished } from "vitest";
import type { AccountCredential } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { clockTrouble } from "../../../src/azure/wire/clock-trouble.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { RestBlobReader } from "../../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { RestQueueCalls } from "../../../src/azure/calls/rest-queue-calls.ts";
import { Secret } from "../../../src/core/secret.ts";
import { asStorage, type StubAnswer, startStub } from "../../support/stub-server.ts";
import { accountAt } from "./wire.ts";
import { CREATE } from "../calls-contract.ts";
import { bare, QUICK, quickGate, restTo, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const now = Date.UTC(2026, 10, 29, 14, 0, 0);
const at = (ms: number): string => new Date(now + ms).toUTCString();
const MINUTE = 60_000;
const refused = { status: 403, errorCode: "AuthenticationFailed", said: "no", isDated: true };

describe("a refusal", () => {
  it.each([
    [
      "by words",
      { ...refused, said: "Request date header too old: 'x'", date: undefined },
      "differs from the service's clock",
    ],
    [
      "by words and time",
      { ...refused, said: "Request date header too old", date: at(23 * MINUTE) },
      "23 min behind",
    ],
    ["by time alone", { ...refused, date: at(-3 * 60 * MINUTE) }, "3 h ahead of"],
    ["by days", { ...refused, date: at(100 * 24 * 60 * MINUTE) }, "100 days behind"],
  ])("for a wrong clock is known %s", (_, time, told) => {
    expect(clockTrouble(time, now)).toContain(told);
  });

  it.each([
    ["whose clock is near enough", { ...refused, date: at(5 * MINUTE) }],
    ["that tells no time", { ...refused, date: undefined }],
    ["whose time was not signed", { ...refused, isDated: false, date: at(3 * 60 * MINUTE) }],
    [
      "with a code of its own",
      { ...refused, errorCode: "CannotVerifyCopySource", date: at(3 * 60 * MINUTE) },
    ],
    ["of another kind", { ...refused, status: 404, date: at(3 * 60 * MINUTE) }],
  ])("%s is not for the clock", (_, time) => {
    expect(clockTrouble(time, now)).toBeUndefined();
  });
});

/** As the service refuses a request that is too old. */
const tooOld = (): StubAnswer =>
  asStorage({
    status: 403,
    headers: {
      "x-ms-error-code": "AuthenticationFailed",
      date: new Date(Date.now() + 20 * MINUTE).toUTCString(),
    },
    body:
      "<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request." +
      "\nRequestId:1</Message><AuthenticationErrorDetail>Request date header too old: 'x'</AuthenticationErrorDetail></Error>",
  });

async function writerAt(answer: (index: number) => StubAnswer, credential?: AccountCredential) {
  const stub = await startStub((_, index) => answer(index));
  onTestFinished(() => stub.stop());
  const account = accountAt(stub);
  const client = restTo(credential === undefined ? account : { ...account, credential });
  const writer = new RestBlobWriter(client, "c");
  return {
    stub,
    client,
    writer,
    put: async (pulse: AttemptContext) => writer.putBlob("b", Buffer.from("x"), CREATE, pulse),
  };
}

describe("a wrong clock", () => {
  it("is named, at the target, the queue and a source alike", async () => {
    const { client, writer } = await writerAt(tooOld);
    const calls = [
      bare(async (pulse) => writer.putBlob("b", Buffer.from("x"), CREATE, pulse)),
      bare(async (pulse) => new RestQueueCalls(client, "q").putMessage("eA==", -1, pulse)),
      bare(async (pulse) =>
        new RestBlobReader(client).open({ url: writer.blobUrl("b"), as: "account" }, undefined, pulse),
      ),
    ];
    for (const call of calls) {
      const failure = await thrownBy(call);
      expect(failure).toMatchObject({ answer: { status: 403, clockIsWrong: true } });
      expect(String(failure)).toContain("the clock of this machine is 20 min behind the service's clock");
    }
  });

  it.each([true, false])("is waited for, with the advice to set it (essential: %s)", async (essential) => {
    let isSet = false;
    const { put } = await writerAt(() => (isSet ? asStorage({ status: 201 }) : tooOld()));
    const gate = quickGate({ essential });
    const effort = new RequestBudget(new AbortController().signal, 60_000);
    const work = new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort, "put blob", put);
    await expect
      .poll(() => gate.waiting?.advice)
      .toMatch(/^set the clock of this machine \(the clock of this machine is 20 min behind/);
    isSet = true;
    await work;
    expect(effort.attempts).toBe(1);
    expect(gate.waiting).toBeUndefined();
  });

  it.each([true, false])("that is not set ends the run as such (essential: %s)", async (essential) => {
    const { put } = await writerAt(tooOld);
    const gate = quickGate({ essential, maxWaitMs: 50 });
    const effort = new RequestBudget(new AbortController().signal, 60_000);
    const failure = await thrownBy(new Attempts(REAL_SURROUNDINGS, QUICK).run(gate, effort, "put blob", put));
    expect(failure).toMatchObject({ code: "unavailable", exitCode: 6 });
    expect(failure).toMatchObject({
      advice: expect.stringMatching(/^Set the clock of this machine/) as string,
    });
  });
});

describe("a SAS of the account", () => {
  const sas = (times: string): AccountCredential => ({
    kind: "sas",
    token: new Secret(`sv=2026-04-06&${times}&sig=c2VjcmV0`),
  });
  const no = (): StubAnswer =>
    asStorage({ status: 403, headers: { "x-ms-error-code": "AuthenticationFailed" } });

  it("that ended is told with when it did, and what helps", async () => {
    const { put } = await writerAt(no, sas("se=2026-11-01T00:00:00Z"));
    const gate = quickGate({ maxWaitMs: 20_000 });
    const failures = Array.from({ length: 10 }, async () =>
      new Attempts(REAL_SURROUNDINGS, QUICK).run(
        gate,
        new RequestBudget(AbortSignal.timeout(2000), 60_000),
        "put blob",
        put,
      ),
    );
    const all = Promise.allSettled(failures);
    await expect
      .poll(() => gate.waiting?.advice)
      .toMatch(/^it needs another SAS \(the account's SAS expired at 2026-11-01T00:00:00Z \(se\), /);
    await all;
  });

  it("whose times are right says nothing of them", async () => {
    const { put } = await writerAt(no, sas("se=2099-11-01T00:00:00Z"));
    expect(await thrownBy(bare(put))).toMatchObject({ trouble: undefined, status: 403 });
  });
});
