import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { type Announcer, announcementText } from "../../src/announce/announcer.ts";
import { QueueAnnouncer } from "../../src/announce/queue-announcer.ts";
import { parseConnectionString } from "../../src/azure/account.ts";
import { Attempts } from "../../src/azure/attempts/attempt.ts";
import { RestQueueCalls } from "../../src/azure/calls/rest-queue-calls.ts";
import type { ServiceGate } from "../../src/azure/gate/service-gate.ts";
import { Secret } from "../../src/core/secret.ts";
import { QUICK, quickGate, restTo, thrownBy } from "../azure/support.ts";
import { carriedAnnouncer } from "../support/carried.ts";
import { emulator, type TestEmulator } from "../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { readerOf } from "../support/reader.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const options = { signal: new AbortController().signal };
let proxy: FaultProxy;
let storage: TestEmulator;
let queue: string;
beforeAll(async () => {
  proxy = await startFaultProxy(inject("emulator"));
  storage = emulator();
});
afterAll(() => proxy.stop());
beforeEach(async () => {
  await proxy.online();
  proxy.heal();
  queue = (await storage.newQueue()).name;
  proxy.forget();
});

function announcer(more: { gate?: ServiceGate; timeToLiveSeconds?: number } = {}): Announcer {
  const account = parseConnectionString(new Secret(proxy.connectionString));
  return carriedAnnouncer(
    new QueueAnnouncer({
      calls: new RestQueueCalls(restTo(account), queue),
      gate: quickGate(),
      attempts: new Attempts(REAL_SURROUNDINGS, QUICK),
      containerName: "results",
      timeToLiveSeconds: -1,
      ...more,
    }),
  );
}

const texts = async (): Promise<string[]> => readerOf(storage.connectionString).takeTexts(queue);

describe("an announcement", () => {
  it("arrives in the queue as it was sent", async () => {
    const name = 'Größe <&> "a" 結果 %2F.json';
    expect(await announcer().announce(name, options)).toEqual({ attempts: 1 });
    expect(await texts()).toEqual([announcementText("results", name)]);
  });

  it("never expires unless it is told to", async () => {
    await announcer().announce("for ever", options);
    await announcer({ timeToLiveSeconds: 60 }).announce("a minute", options);
    const ends = (await storage.queue(queue).peekMessages({ numberOfMessages: 2 })).peekedMessageItems;
    const years = ends.map(({ expiresOn }) => expiresOn.getUTCFullYear());
    expect(years).toEqual([9999, new Date(Date.now() + 60_000).getUTCFullYear()]);
  });

  it("is tried again until the queue takes it", async () => {
    proxy.fail({ fault: { kind: "answer", status: 503 }, operation: "put-message", times: 2 });
    proxy.fail({ fault: { kind: "reset-before" }, operation: "put-message", times: 1 });
    expect(await announcer().announce("b", options)).toEqual({ attempts: 4 });
    expect(await texts()).toHaveLength(1);
  });

  it("may be repeated when its answer was lost, but is never lost", async () => {
    proxy.fail({ fault: { kind: "reset-after" }, operation: "put-message", times: 1 });
    await announcer().announce("b", options);
    expect(await texts()).toHaveLength(2);
  });

  it("becomes the file's failure when the queue never takes it", async () => {
    proxy.fail({ fault: { kind: "answer", status: 500, errorCode: "InternalError" } });
    expect(await thrownBy(announcer().announce("b", options))).toMatchObject({
      code: "queue-unavailable",
      attempts: 8,
      requestId: "fault-proxy",
    });
  });

  it("waits while the queue service is gone and goes out when the service is back", async () => {
    const gate = quickGate();
    await announcer({ gate }).announce("first", options);
    await proxy.offline();
    const waiting = Array.from({ length: 5 }, async (_, n) =>
      announcer({ gate }).announce(`b-${n}`, options),
    );
    await expect.poll(() => gate.isDown).toBe(true);
    expect(gate.waiting).toMatchObject({ throttled: false });
    await proxy.online();
    await Promise.all(waiting);
    expect(await texts()).toHaveLength(6);
  });

  it("waits while the queue itself is gone", async () => {
    const gate = quickGate();
    await announcer({ gate }).announce("first", options);
    await storage.queue(queue).delete();
    const outcomes = [];
    for (let n = 0; n < 7; n++)
      outcomes.push(await thrownBy(announcer({ gate }).announce(`b-${n}`, options)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ code: "queue-unavailable" });
    const waiting = announcer({ gate }).announce("held back", options);
    await expect.poll(() => gate.waiting?.advice).toContain("create its container and queue again");
    await storage.queue(queue).create();
    await waiting;
    expect(await texts()).toEqual([announcementText("results", "held back")]);
  });

  it("ends at once when the run is aborted", async () => {
    const run = new AbortController();
    proxy.fail({ fault: { kind: "hang" } });
    const work = announcer().announce("b", { signal: run.signal });
    await expect.poll(() => proxy.count("put-message")).toBe(1);
    const reason = new Error("stop");
    run.abort(reason);
    expect(await thrownBy(work)).toBe(reason);
  });
});
