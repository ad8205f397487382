import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BlobSASPermissions, RestError } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { emulator, type TestEmulator } from "./azurite.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

let proxy: FaultProxy;
/** The emulator through the proxy, and past it. */
let through: TestEmulator;
let direct: TestEmulator;
let container: string;

beforeAll(async () => {
  proxy = await startFaultProxy(inject("emulator"));
  through = emulator(proxy.connectionString);
  direct = emulator();
});
afterAll(() => proxy.stop());
beforeEach(async () => {
  proxy.heal();
  container = (await direct.newContainer()).containerName;
  proxy.forget();
});

const put = (name: string, content: Buffer | string = "content", abortSignal?: AbortSignal) =>
  through
    .container(container)
    .getBlockBlobClient(name)
    .upload(content, Buffer.byteLength(content), abortSignal === undefined ? {} : { abortSignal });

const get = (name: string) => through.container(container).getBlobClient(name).downloadToBuffer();
const exists = (name: string) => direct.container(container).getBlobClient(name).exists();

/** A link through the proxy that lets read. */
const linkTo = (name: string) =>
  through
    .container(container)
    .getBlobClient(name)
    .generateSasUrl({
      permissions: BlobSASPermissions.from({ read: true }),
      expiresOn: new Date(Date.now() + 60_000),
    });

/** The error of what must fail. */
async function failure(work: Promise<unknown>): Promise<RestError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RestError) return error;
  throw new Error(`no RestError but ${String(error)}`);
}

/** Whether it is still not settled after a while. */
async function isWaiting(work: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([work.catch(() => {}), sleep(150, "waiting")])) === "waiting";
}

describe("the fault proxy", () => {
  it("passes everything on unchanged, whatever the name, and names what it saw", async () => {
    const name = "ordner/Größe 90% a+b #1 (結果).json";
    const content = randomBytes(300_000);
    await put(name, content);
    expect(await get(name)).toEqual(content);
    const queue = await through.newQueue();
    await queue.sendMessage("aGVsbG8=");
    expect(proxy.requests.map((seen) => `${seen.operation} ${seen.status}`)).toEqual([
      "put-blob 201",
      "get-blob-properties 200",
      "get-blob 206",
      "create-queue 201",
      "put-message 201",
    ]);
    expect(proxy.requests.map((seen) => seen.name)).toEqual([
      ...Array.from({ length: 3 }, () => `${container}/${name}`),
      queue.name,
      `${queue.name}/messages`,
    ]);
    expect(proxy.requests[0]?.headers["x-ms-blob-type"]).toBe("BlockBlob");
    expect(proxy.count("put-blob", "put-message")).toBe(2);
  });

  it("lets the emulator read a link through the proxy from where it was asked", async () => {
    await put("from", "source");
    const link = await linkTo("from");
    const target = through.container(container).getBlockBlobClient("to");
    await target.stageBlockFromURL("MDE=", link);
    await target.commitBlockList(["MDE="]);
    expect((await get("to")).toString()).toBe("source");
    expect(proxy.count("put-block-from-url", "put-block-list")).toBe(2);
  });

  it("answers in place of the service, so many times, after so many that pass", async () => {
    const headers = { "retry-after": "7" };
    proxy.fail({
      operation: "put-blob",
      skip: 1,
      times: 2,
      fault: { kind: "answer", status: 429, errorCode: "ServerBusy", headers },
    });
    await put("1");
    for (const name of ["2", "3"]) {
      const error = await failure(put(name));
      expect([error.statusCode, error.code]).toEqual([429, "ServerBusy"]);
      expect(error.response?.headers.get("retry-after")).toBe("7");
      expect(await exists(name)).toBe(false);
    }
    await put("4");
    expect(proxy.requests.map((seen) => seen.status)).toEqual([201, 429, 429, 201]);
    expect(proxy.requests.map((seen) => seen.fault)).toEqual([undefined, "answer", "answer", undefined]);
  });

  it("answers a HEAD with the error code in the header alone", async () => {
    proxy.fail({ method: "HEAD", fault: { kind: "answer", status: 503, errorCode: "ServerBusy" } });
    const error = await failure(through.container(container).getBlobClient("x").getProperties());
    expect(error.statusCode).toBe(503);
    expect(error.response?.headers.get("x-ms-error-code")).toBe("ServerBusy");
  });

  it("resets before the request takes effect", async () => {
    proxy.fail({ name: `${container}/lost`, fault: { kind: "reset-before" } });
    expect((await failure(put("lost", randomBytes(200_000)))).code).toBe("ECONNRESET");
    expect(await exists("lost")).toBe(false);
    await put("other");
  });

  it("resets after the request took effect: the answer is lost, the blob is there", async () => {
    proxy.fail({ operation: "put-blob", times: 1, fault: { kind: "reset-after" } });
    expect((await failure(put("landed"))).code).toBe("ECONNRESET");
    expect(await exists("landed")).toBe(true);
    expect(proxy.requests[0]?.status).toBeUndefined();
  });

  it("hangs before or after the request takes effect, until the client gives up", async () => {
    proxy.fail({ name: /before$/, fault: { kind: "hang" } });
    proxy.fail({ name: /after$/, fault: { kind: "hang-after" } });
    const giveUp = new AbortController();
    const hung = ["before", "after"].map((name) => put(name, "content", giveUp.signal));
    while (!(await exists("after"))) await sleep(1);
    expect(await Promise.all(hung.map(isWaiting))).toEqual([true, true]);
    giveUp.abort();
    await Promise.allSettled(hung);
    expect(await exists("before")).toBe(false);
  });

  it("holds a request until the test opens the gate, and counts those under way", async () => {
    const gate = Promise.withResolvers<void>();
    proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: gate.promise } });
    const held = Array.from({ length: 5 }, (_, index) => put(`held-${index}`));
    while (proxy.maxInFlight < 5) await sleep(1);
    expect(await isWaiting(Promise.race(held))).toBe(true);
    expect(await exists("held-0")).toBe(false);
    gate.resolve();
    await Promise.all(held);
    proxy.forget();
    await put("one");
    expect([proxy.maxInFlight, proxy.count()]).toEqual([1, 1]);
  });

  it("slows, stalls and cuts the body of an answer", async () => {
    const content = randomBytes(100_000);
    await put("body", content);
    const url = await linkTo("body");

    const giveUp = new AbortController();
    const slow = proxy.fail({
      operation: "get-blob",
      fault: { kind: "slow-body", pieceBytes: 30_000, pauseMs: 5 },
    });
    const slowly = await fetch(url);
    expect(Buffer.from(await slowly.arrayBuffer())).toEqual(content);
    slow();

    const endless = proxy.fail({
      operation: "get-blob",
      fault: { kind: "slow-body", pieceBytes: 10, pauseMs: 10 },
    });
    const reading = [(await fetch(url, { signal: giveUp.signal })).arrayBuffer()];
    endless();

    const cut = proxy.fail({ operation: "get-blob", fault: { kind: "cut-body", afterBytes: 1000 } });
    const broken = await fetch(url);
    expect(broken.status).toBe(200);
    await expect(broken.arrayBuffer()).rejects.toThrow();
    cut();

    proxy.fail({ operation: "get-blob", fault: { kind: "stall-body", afterBytes: 1000 } });
    reading.push((await fetch(url, { signal: giveUp.signal })).arrayBuffer());
    expect(await Promise.all(reading.map(isWaiting))).toEqual([true, true]);
    giveUp.abort();
    expect((await Promise.allSettled(reading)).map((read) => read.status)).toEqual(["rejected", "rejected"]);
  });

  it("goes away, cutting what is under way, and comes back at the same address", async () => {
    proxy.fail({ operation: "put-blob", times: 1, fault: { kind: "hang" } });
    const hung = failure(put("hung"));
    while (proxy.count("put-blob") === 0) await sleep(1);
    await proxy.offline();
    expect((await hung).code).toBe("ECONNRESET");
    expect((await failure(put("refused"))).code).toBe("ECONNREFUSED");
    await proxy.online();
    await put("back");
    expect(await exists("back")).toBe(true);
  });

  it("drops a rule or all of them, and matches by query and by any test", async () => {
    const fault = { kind: "answer", status: 500 } as const;
    const undo = proxy.fail({ query: { comp: "list" }, fault });
    proxy.fail({ when: (request) => Number(request.headers["content-length"]) > 100, fault });
    const list = () => through.container(container).listBlobsFlat().next();
    expect((await failure(list())).statusCode).toBe(500);
    undo();
    await list();
    await put("small");
    expect((await failure(put("big", "x".repeat(101)))).statusCode).toBe(500);
    proxy.heal();
    await put("big", "x".repeat(101));
  });
});
