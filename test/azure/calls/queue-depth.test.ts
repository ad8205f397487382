import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BrakedAnnouncer } from "../../../src/announce/braked-announcer.ts";
import { DepthBrake } from "../../../src/azure/calls/queue-depth.ts";
import { thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const never = new AbortController().signal;

/** A queue of this depth, which its brake asks for every 10 ms. */
function braked(most: number, depth: number) {
  const queue = { depth, asked: 0, sent: 0, deepest: depth };
  const brake = new DepthBrake(
    REAL_SURROUNDINGS,
    "queue results",
    most,
    async () => {
      queue.asked++;
      return queue.depth;
    },
    10,
  );
  const announcer = new BrakedAnnouncer(
    {
      announce: async () => {
        queue.sent++;
        queue.deepest = Math.max(queue.deepest, ++queue.depth);
        return { attempts: 1 };
      },
    },
    brake,
  );
  return { queue, brake, announce: async (signal = never) => announcer.announce("blob", { signal }) };
}

describe("the brake on a queue's backlog", () => {
  it("lets the run fill it to the depth and no further, and go on as it is emptied", async () => {
    const { queue, brake, announce } = braked(20, 5);
    const all = Promise.all(Array.from({ length: 100 }, async () => announce()));
    await expect.poll(() => queue.sent).toBe(15);
    await sleep(30);
    expect(queue.sent).toBe(15);
    expect(brake.waiting).toMatchObject({
      what: "queue results",
      advice: "its depth of 20 has reached --max-queue-depth 20",
      throttled: true,
    });
    const heldBefore = brake.heldMs;
    const emptying = setInterval(() => (queue.depth = Math.max(0, queue.depth - 10)), 10);
    await all;
    clearInterval(emptying);
    expect(queue.sent).toBe(100);
    expect(queue.deepest).toBeLessThanOrEqual(20);
    expect(brake.waiting).toBeUndefined();
    expect(brake.heldMs).toBeGreaterThan(heldBefore);
    // One question for all that wait.
    expect(queue.asked).toBeLessThan(100);
  });

  it("ends the wait at an abort, of those alone whose signal it is, and tells what the question met", async () => {
    const control = new AbortController();
    const { announce, queue } = braked(1, 5);
    const waits = [1, 2, 3].map(async () => thrownBy(announce(control.signal)));
    await sleep(20);
    const reason = new Error("stop");
    control.abort(reason);
    expect(await Promise.all(waits)).toEqual([reason, reason, reason]);
    const held = new AbortController();
    const patient = announce();
    const impatient = thrownBy(announce(held.signal));
    await sleep(20);
    held.abort(reason);
    expect(await impatient).toBe(reason);
    queue.depth = 0;
    expect(await patient).toEqual({ attempts: 1 });
    const refused = new Error("403");
    const brake = new DepthBrake(REAL_SURROUNDINGS, "queue results", 5, async () => Promise.reject(refused));
    expect(await thrownBy(Promise.resolve(brake.pass(never)))).toBe(refused);
  });
});
