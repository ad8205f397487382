import { describe, expect, it, onTestFinished } from "vitest";
import { FileSlots } from "../../src/pipeline/file-slots.ts";
import type { PoolChange } from "../../src/pipeline/pipeline.ts";
import { ReadyFiles } from "../../src/pipeline/ready-files.ts";
import { catalogOf, COPIED, gate, rig } from "./support.ts";

/** Slots whose files stay until they are told to go. */
function slots(size: number, files: number) {
  const ready = new ReadyFiles<number>();
  const under: (() => void)[] = [];
  let room = 0;
  const pool = new FileSlots(
    size,
    ready,
    async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      under.push(resolve);
      await promise;
    },
    () => room++,
  );
  ready.add(Array.from({ length: files }, (_, n) => n));
  pool.fill();
  /** So many of the files under way are done. */
  const finish = async (count: number) => {
    for (const done of under.splice(0, count)) done();
    await new Promise(setImmediate);
  };
  return { pool, ready, finish, room: () => room };
}

describe("a pool of file slots", () => {
  it("takes more files at once when it grows", () => {
    const { pool, ready } = slots(4, 100);
    expect(pool.inUse).toBe(4);
    pool.resize(10);
    expect([pool.inUse, ready.size]).toEqual([10, 90]);
  });

  it("lets the files in its slots finish when it shrinks, and takes none until there is room", async () => {
    const { pool, ready, finish } = slots(10, 100);
    pool.resize(4);
    expect(pool.inUse).toBe(10);
    await finish(6);
    expect([pool.inUse, ready.size]).toEqual([4, 90]);
    await finish(1);
    expect([pool.inUse, ready.size]).toEqual([4, 89]);
  });

  it("drains when it was shrunk: every file in a slot finishes, no other is taken", async () => {
    const { pool, ready, finish } = slots(10, 100);
    pool.resize(4);
    ready.close();
    const emptied = pool.emptied();
    await finish(9);
    expect(pool.inUse).toBe(1);
    await finish(1);
    await emptied;
    expect(pool.inUse).toBe(0);
  });

  it("gives the slot that a file has left to the next file while the first waits for its commit, and as many may wait as there are slots", async () => {
    const ready = new ReadyFiles<number>();
    const left: (() => void)[] = [];
    const committed = Promise.withResolvers<void>();
    const pool = new FileSlots(
      2,
      ready,
      async (_, leaveSlot) => {
        left.push(leaveSlot);
        await committed.promise;
      },
      () => {},
    );
    ready.add(Array.from({ length: 10 }, (_, n) => n));
    pool.fill();
    for (const leave of left.splice(0, 1)) leave();
    expect([pool.inUse, pool.unfinished, ready.size]).toEqual([2, 3, 7]);
    while (left.length > 0) left.shift()?.();
    expect([pool.inUse, pool.unfinished, ready.size]).toEqual([0, 4, 6]);
    const emptied = pool.emptied();
    ready.close();
    committed.resolve();
    await emptied;
    expect(pool.unfinished).toBe(0);
  });

  it("tells a file that leaves its slot whether another one is in a slot: else nothing will share its commit", async () => {
    const ready = new ReadyFiles<number>();
    const left: (() => boolean)[] = [];
    const pool = new FileSlots(
      2,
      ready,
      async (_, leaveSlot) => {
        left.push(leaveSlot);
        await Promise.resolve();
      },
      () => {},
    );
    ready.add([1, 2, 3]);
    pool.fill();
    const [first, second] = left;
    expect(first?.()).toBe(true);
    expect(second?.()).toBe(true);
    expect(left[2]?.()).toBe(false);
    expect(second?.()).toBe(false);
    await pool.emptied();
  });

  it("reports room after each file and each change of size", async () => {
    const { pool, finish, room } = slots(2, 3);
    await finish(2);
    pool.resize(5);
    expect(room()).toBe(3);
  });
});

describe("a run that finds the size of its pool", () => {
  it("takes more slots while throughput grows, and ends with every file done once", async () => {
    const made = await rig(catalogOf([300]), 1);
    const held = gate();
    onTestFinished(() => held.open());
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const changes: PoolChange[] = [];
    let answers = 0;
    const running = made.start({
      slots: {
        load: () => ({ answers: (answers += held.waiting()), heldMs: 0 }),
        onChange: (change) => changes.push(change),
      },
    });
    await expect.poll(held.waiting).toBe(96);
    // Twice as many, or fewer when other work keeps this thread busy.
    await expect.poll(held.waiting, { timeout: 10_000 }).toBeGreaterThanOrEqual(120);
    expect(changes.find(({ to }) => to > 96)).toMatchObject({
      from: 96,
      why: "more slots still raise the throughput",
    });
    held.open();
    expect(await running.outcome).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().files).toMatchObject({ copied: 300, announced: 300 });
    expect(running.live.slotsInUse).toBe(0);
  });

  it("has as many slots as it is told to have", async () => {
    const made = await rig(catalogOf([100]), 1);
    const held = gate();
    onTestFinished(() => held.open());
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const running = made.start({ slots: 7 });
    await expect.poll(held.waiting).toBe(7);
    expect(running.live.slots).toBe(7);
    held.open();
    await running.outcome;
  });
});
