import { getEventListeners } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, inject, it, onTestFinished } from "vitest";
import { parseConnectionString } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { Secret } from "../../../src/core/secret.ts";
import { answered, QUICK, quickGate, restTo, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const controllers: AbortController[] = [];
afterEach(() => {
  for (const { signal } of controllers.splice(0)) expect(getEventListeners(signal, "abort")).toEqual([]);
});

/** A run's signal; no listener may be left on it. */
function newRun(): AbortController {
  const controller = new AbortController();
  controllers.push(controller);
  return controller;
}

const once = (idleMs: number) => new Attempts(REAL_SURROUNDINGS, { ...QUICK, idleMs, maxAttempts: 1 });

/** Waits until the attempt is ended. */
const hang = async ({ signal }: AttemptContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

/** A TCP server that treats every connection so; gives an account's connection string for it. */
async function serve(handle: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/devstoreaccount1`;
  return inject("emulator").connectionString.replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${url}`);
}

const writerTo = (connectionString: string) =>
  new RestBlobWriter(restTo(parseConnectionString(new Secret(connectionString))), "c");

const CREATED = 'HTTP/1.1 201 Created\r\nx-ms-request-id: 1\r\netag: "1"\r\ncontent-length: 0\r\n\r\n';
const CREATE = { createOnly: true, headers: { contentType: "application/json" }, metadata: {} };

describe("an attempt", () => {
  it("that is over is told nothing more of bytes that have left: the next one may be sending them", async () => {
    const pulses: AttemptContext[] = [];
    const left: number[] = [];
    await once(1_000).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "put", async (pulse) => {
      pulse.whenSent(() => left.push(pulses.length));
      pulses.push(pulse);
      pulse.sent();
    });
    pulses[0]?.sent();
    expect(left).toEqual([1]);
  });

  it("ends when no byte comes for the idle time, and is tried again", async () => {
    const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, idleMs: 20, maxAttempts: 3 });
    const failure = await thrownBy(
      attempts.run(quickGate(), new RequestBudget(newRun().signal, 60_000), "put blob", hang),
    );
    expect(failure).toMatchObject({ attempts: 3, answer: { timedOut: true } });
    expect(String(failure)).toContain("put blob: timed out, no byte for 0.02 s");
  });

  it("ends on a socket that accepts and never answers", async () => {
    const writer = writerTo(await serve(() => {}));
    const put = async (pulse: AttemptContext) => writer.putBlob("b", Buffer.from("{}"), CREATE, pulse);
    const run = once(60).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "put blob", put);
    expect(await thrownBy(run)).toMatchObject({ answer: { timedOut: true } });
  });

  it("goes on as long as bytes trickle", async () => {
    const trickle = async ({ alive, signal }: AttemptContext): Promise<string> => {
      for (let n = 0; n < 7 && !signal.aborted; n++) {
        await sleep(100);
        alive();
      }
      signal.throwIfAborted();
      return "done";
    };
    expect(
      await once(600).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "read", trickle),
    ).toBe("done");
  });

  it("goes on while a large body leaves slowly", async () => {
    // More than the buffers between the two sockets hold, taken in steps that last several idle times together.
    const body = Buffer.alloc(24 * 2 ** 20);
    let taken = 0;
    const connectionString = await serve((socket) => {
      let stop = 6 * 2 ** 20;
      socket.on("data", (chunk) => {
        taken += chunk.length;
        if (taken >= body.length) socket.end(CREATED);
        else if (taken >= stop) {
          stop += 3 * 2 ** 20;
          socket.pause();
          setTimeout(() => socket.resume(), 150);
        }
      });
    });
    const writer = writerTo(connectionString);
    const put = async (pulse: AttemptContext) => writer.putBlob("b", body, CREATE, pulse);
    const began = performance.now();
    await once(500).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "put blob", put);
    expect(taken).toBeGreaterThanOrEqual(body.length);
    expect(performance.now() - began).toBeGreaterThan(500);
  });

  it("is not idle because this process was too busy to read what had arrived", async () => {
    let wasBusy = false;
    const connectionString = await serve((socket) => {
      socket.once("data", () => {
        socket.end(CREATED);
        const until = performance.now() + 300;
        while (performance.now() < until);
        wasBusy = true;
      });
    });
    const writer = writerTo(connectionString);
    const put = async (pulse: AttemptContext) => writer.putBlob("b", Buffer.from("{}"), CREATE, pulse);
    await once(200).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "put blob", put);
    expect(wasBusy).toBe(true);
  });

  it("may be silent for longer when the service moves the bytes itself", async () => {
    const copy = async ({ signal }: AttemptContext): Promise<string> => {
      await sleep(60);
      signal.throwIfAborted();
      return "done";
    };
    const effort = new RequestBudget(newRun().signal, 60_000);
    expect(await once(20).run(quickGate(), effort, "put blob from url", copy, { quietMs: 5000 })).toBe(
      "done",
    );
    expect(
      await thrownBy(once(20).run(quickGate(), effort, "put blob from url", copy, { quietMs: 5 })),
    ).toMatchObject({
      answer: { timedOut: true },
    });
  });

  it("ends when the time for the file is used up, however much it is alive", async () => {
    const busy = async ({ alive, signal }: AttemptContext): Promise<never> => {
      for (;;) {
        signal.throwIfAborted();
        alive();
        await sleep(5);
      }
    };
    const run = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      quickGate(),
      new RequestBudget(newRun().signal, 50),
      "read",
      busy,
    );
    expect(String(await thrownBy(run))).toContain("the time for the file is used up");
  });

  it("stops both clocks while it waits for something of ours", async () => {
    const effort = new RequestBudget(newRun().signal, 300);
    const held = async (pulse: AttemptContext): Promise<string> => {
      await pulse.hold(sleep(400));
      pulse.signal.throwIfAborted();
      return "done";
    };
    expect(await once(300).run(quickGate(), effort, "read", held)).toBe("done");
    expect(effort.leftMs).toBeGreaterThan(0);
  });

  it("has its idle clock again after such a wait", async () => {
    const held = async (pulse: AttemptContext): Promise<never> => {
      await pulse.hold(sleep(10));
      return hang(pulse);
    };
    const run = once(20).run(quickGate(), new RequestBudget(newRun().signal, 60_000), "read", held);
    expect(await thrownBy(run)).toMatchObject({ answer: { timedOut: true } });
  });
});

describe("an abort of the run", () => {
  const reason = new Error("stop now");

  it("ends a request under way at once, with its reason", async () => {
    const run = newRun();
    const work = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      quickGate(),
      new RequestBudget(run.signal, 60_000),
      "read",
      hang,
    );
    run.abort(reason);
    expect(await thrownBy(work)).toBe(reason);
  });

  it("ends a backoff", async () => {
    const run = newRun();
    const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, baseDelayMs: 1e8, maxDelayMs: 1e8 });
    const work = attempts.run(quickGate(), new RequestBudget(run.signal, 1e9), "read", async () => {
      setTimeout(() => run.abort(reason), 10);
      throw answered(500);
    });
    expect(await thrownBy(work)).toBe(reason);
  });

  it("ends the wait at a gate that is paused, and at one that is down", async () => {
    const paused = quickGate();
    await (await paused.enter({}, newRun().signal)).throttled(60_000);
    const down = quickGate({ firstProbeDelayMs: 60_000 });
    await (await down.enter({}, newRun().signal)).failed("sign-in");
    for (const gate of [paused, down]) {
      const run = newRun();
      const work = new Attempts(REAL_SURROUNDINGS, QUICK).run(
        gate,
        new RequestBudget(run.signal, 60_000),
        "read",
        hang,
      );
      await sleep(5);
      run.abort(reason);
      expect(await thrownBy(work)).toBe(reason);
    }
  });

  it("lets nothing start when it comes before the start", async () => {
    const run = newRun();
    run.abort(reason);
    const request = async () => expect.unreachable();
    const work = new Attempts(REAL_SURROUNDINGS, QUICK).run(
      quickGate(),
      new RequestBudget(run.signal, 60_000),
      "read",
      request,
    );
    expect(await thrownBy(work)).toBe(reason);
  });

  it("reaches three hundred requests that share its signal, without a warning or a listener left", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const run = newRun();
    const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, baseDelayMs: 1e8, maxDelayMs: 1e8 });
    const gate = quickGate();
    const paused = quickGate();
    await (await paused.enter({}, run.signal)).throttled(60_000);
    const work = Array.from({ length: 300 }, async (_, n) =>
      attempts.run(n % 3 === 0 ? paused : gate, new RequestBudget(run.signal, 1e9), "read", async (pulse) => {
        if (n % 3 === 1) throw answered(500);
        return hang(pulse);
      }),
    );
    // The failures trip the brake, which is fine: those that wait at it are to leave too.
    await sleep(20);
    run.abort(reason);
    for (const result of await Promise.allSettled(work)) expect(result).toMatchObject({ reason });
    expect(warnings).toEqual([]);
  });
});
