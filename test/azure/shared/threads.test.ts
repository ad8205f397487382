import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { type SharedServices, shareGates } from "../../../src/azure/shared/share-gates.ts";
import type { ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { quickGate } from "../support.ts";
import type { Asked, Order } from "./asking-thread.ts";

const ends: (() => Promise<unknown> | void)[] = [];
const target = quickGate();
let threads: Awaited<ReturnType<typeof startThreads>>;

beforeAll(async () => {
  threads = await startThreads(3, target, 500);
});

afterAll(async () => {
  for (const end of ends.splice(0)) await end();
});

/** So many threads that have begun to ask. */
async function startThreads(count: number, gate: ServiceGate, requestsPerSecond?: number) {
  const pacer = (rate?: number): Pacer => new Pacer(REAL_SURROUNDINGS, () => rate);
  const services: SharedServices = {
    target: gate,
    queue: quickGate(),
    source: () => gate,
    requests: pacer(requestsPerSecond),
    bandwidth: pacer(),
    signIn: undefined,
  };
  const shared = shareGates(REAL_SURROUNDINGS, services);
  ends.push(() => shared.close());
  const workers = Array.from({ length: count }, () => {
    const { description } = shared.connect();
    const worker = new Worker(new URL("asking-thread.ts", import.meta.url), {
      workerData: description,
      transferList: [description.port],
      execArgv: [],
    });
    ends.push(async () => worker.terminate());
    return worker;
  });
  await Promise.all(workers.map(async (worker) => once(worker, "message")));
  const order = async (worker: Worker, what: Order): Promise<unknown> => {
    const answer = once(worker, "message");
    worker.postMessage(what);
    return (await answer)[0] as unknown;
  };
  return { workers, order };
}

describe("real threads that share limits", () => {
  it("pass no more together than the operator's rate over the time and a burst", async () => {
    const { workers, order } = threads;
    const count = async (): Promise<{ passed: number; times: number[] }> => {
      const asked = (await Promise.all(workers.map(async (worker) => order(worker, "count")))) as Asked[];
      const passed = asked.reduce((sum, each) => sum + each.passed, 0);
      return { passed, times: asked.map(({ now }) => now) };
    };
    const before = await count();
    await expect.poll(() => target.load.answers, { interval: 20 }).toBeGreaterThan(before.passed + 300);
    const after = await count();
    // All threads tell the same time.
    const ms = Math.max(...after.times) - Math.min(...before.times);
    expect(after.passed - before.passed).toBeGreaterThan(200);
    expect(after.passed - before.passed).toBeLessThanOrEqual((500 * (ms + 50)) / 1_000 + 1);
  });

  it("all stop when one of them is asked to slow down", async () => {
    const [one] = threads.workers;
    if (one === undefined) throw new Error("there is a first one");
    expect(await threads.order(one, { throttled: 60_000 })).toBe("paused");
    expect(target.waiting).toMatchObject({ throttled: true });
    // What was under way has been counted by now; nothing more comes.
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { answers } = target.load;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(target.load.answers).toBe(answers);
    expect(answers).toBeGreaterThan(0);
  });
});
