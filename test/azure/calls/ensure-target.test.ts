import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { parseConnectionString } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import { ensureTarget } from "../../../src/azure/calls/ensure-target.ts";
import { Secret } from "../../../src/core/secret.ts";
import { emulator, type TestEmulator } from "../../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { QUICK, quickGate, restTo, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

let proxy: FaultProxy;
let storage: TestEmulator;
beforeAll(async () => {
  proxy = await startFaultProxy(inject("emulator"));
  storage = emulator();
});
afterAll(() => proxy.stop());
beforeEach(async () => {
  await proxy.online();
  proxy.heal();
  proxy.forget();
});

const check = async (more: { container?: string; queue?: string | undefined; createMissing?: boolean }) =>
  ensureTarget({
    client: restTo(parseConnectionString(new Secret(proxy.connectionString))),
    container: storage.uniqueName(),
    queue: undefined,
    createMissing: false,
    attempts: new Attempts(REAL_SURROUNDINGS, QUICK),
    gates: { target: quickGate({ maxFirstWaitMs: 60 }), queue: quickGate({ maxFirstWaitMs: 60 }) },
    signal: new AbortController().signal,
    ...more,
  });

describe("the check of the target", () => {
  it("changes nothing when container and queue are there", async () => {
    const [container, queue] = [await storage.newContainer(), await storage.newQueue()];
    expect(
      await check({ container: container.containerName, queue: queue.name, createMissing: true }),
    ).toEqual([]);
    expect(proxy.count("create-container", "create-queue")).toBe(0);
    expect(proxy.count()).toBe(2);
  });

  it("looks at both at once, and makes neither when one of them is refused", async () => {
    const [container, queue] = [storage.uniqueName(), storage.uniqueName()];
    proxy.fail({
      fault: { kind: "answer", status: 403, errorCode: "AuthorizationFailure" },
      service: "queue",
    });
    const refused = await thrownBy(check({ container, queue, createMissing: true }));
    expect(refused).toMatchObject({ code: "permission" });
    expect(String(refused)).toContain(`The queue ${queue} cannot be used`);
    expect(proxy.count("create-container", "create-queue")).toBe(0);
    expect(proxy.requests.map(({ service }) => service).toSorted()).toContain("blob");
  });

  it("tells what is wrong with the container first, and does not wait for the queue", async () => {
    const container = storage.uniqueName();
    proxy.fail({ fault: { kind: "hang" }, service: "queue" });
    const missing = await thrownBy(check({ container, queue: "no-such-queue" }));
    expect(String(missing)).toContain(`The container "${container}" does not exist`);
  });

  it("does not look at a queue that is not wanted", async () => {
    const container = await storage.newContainer();
    await check({ container: container.containerName });
    expect(proxy.requests.map((seen) => seen.service)).toEqual(["blob"]);
  });

  it("says what is missing and how to have it made", async () => {
    const container = storage.uniqueName();
    const noContainer = await thrownBy(check({ container }));
    expect(noContainer).toMatchObject({ code: "target-missing", exitCode: 2, advice: /--create-missing/ });
    expect(String(noContainer)).toContain(`"${container}"`);
    const there = await storage.newContainer();
    const noQueue = await thrownBy(check({ container: there.containerName, queue: "no-such-queue" }));
    expect(noQueue).toMatchObject({ code: "target-missing" });
    expect(String(noQueue)).toContain(`The queue "no-such-queue"`);
  });

  it("makes what is missing when it may", async () => {
    const [container, queue] = [storage.uniqueName(), storage.uniqueName()];
    const created = await check({ container, queue, createMissing: true });
    expect(created).toEqual([`container ${container}`, `queue ${queue}`]);
    expect(await check({ container, queue })).toEqual([]);
  });

  it("does not mind another machine that was faster", async () => {
    const [container, queue] = [storage.uniqueName(), storage.uniqueName()];
    const both = [1, 2].map(async () => check({ container, queue, createMissing: true }));
    // The queue service calls a queue that is made again with the same settings a success.
    expect(new Set((await Promise.all(both)).flat())).toEqual(
      new Set([`container ${container}`, `queue ${queue}`]),
    );
  });

  it("ends with exit code 4 when the account refuses", async () => {
    proxy.fail({ fault: { kind: "answer", status: 403, errorCode: "AuthorizationFailure" } });
    expect(await thrownBy(check({}))).toMatchObject({ code: "permission", exitCode: 4 });
  });

  it("ends with exit code 2 when the name cannot be one", async () => {
    proxy.fail({ fault: { kind: "answer", status: 400, errorCode: "InvalidResourceName" } });
    expect(await thrownBy(check({}))).toMatchObject({ code: "target-invalid", exitCode: 2 });
  });

  it("ends with exit code 6 soon when the account does not exist", async () => {
    await proxy.offline();
    expect(await thrownBy(check({}))).toMatchObject({ code: "unavailable", exitCode: 6 });
  });

  it("retries what may pass", async () => {
    const container = await storage.newContainer();
    proxy.fail({ fault: { kind: "answer", status: 503, errorCode: "ServerBusy" }, times: 2 });
    expect(await check({ container: container.containerName })).toEqual([]);
    expect(proxy.count("get-container-properties")).toBe(3);
  });
});
