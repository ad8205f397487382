import { describe, expect, it, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/core/checkpoint.ts";
import { choosePartition } from "../../src/core/partition.ts";
import { workItem } from "../state/samples.ts";
import { catalogOf, COPIED, gate, hang, rig } from "./support.ts";

const COUNT = 12;
const TOTAL = 3;
const AUTO = { partition: "auto", totalPartitions: TOTAL } as const;
const never = { signal: new AbortController().signal };

const partition = (index: number): number => choosePartition(workItem(index).workItemId, TOTAL);
const itemsIn = (wanted: number): number[] =>
  Array.from({ length: COUNT }, (_, index) => index).filter((index) => partition(index) === wanted);

const filesOfEach = (count: number) => catalogOf(Array.from({ length: COUNT }, () => count));

describe("a pipeline whose partitions come while it runs", () => {
  it("waits for them, does each as it comes, and ends when all are done", async () => {
    const made = await rig(filesOfEach(2), COUNT, { share: AUTO });
    const { outcome, live } = made.start();
    let isEnded = false;
    void outcome.then(() => (isEnded = true));
    for (let number = 0; number < TOTAL; number++) {
      expect(isEnded).toBe(false);
      await made.store.queue.admit(number, undefined);
      const done = [0, 1, 2].slice(0, number + 1).flatMap(itemsIn).length;
      await vi.waitFor(() => expect(made.store.ledger.tally().workItems.completed).toBe(done));
      expect(live.openWorkItems).toBe(0);
    }
    expect(await outcome).toEqual({ kind: "finished" });
    expect(new Set(made.announced).size).toBe(2 * COUNT);
  });

  it("is stopped while it waits for one", async () => {
    const made = await rig(filesOfEach(1), COUNT, { share: AUTO });
    const { outcome } = made.start();
    await Promise.resolve();
    made.drain.abort();
    expect(await outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });

  it("drops what waits of a partition that is lost, cuts off what is under way, and goes on with the others", async () => {
    const made = await rig(filesOfEach(8), COUNT, { share: AUTO });
    await made.store.queue.admit(1, undefined);
    await made.store.queue.admit(2, undefined);
    const isLostOne = (uri: string) => itemsIn(1).some((index) => uri.includes(`/item-${index}/`));
    let cutOff = 0;
    let hasHung = 0;
    made.transfer = async (file, _name, signal) => {
      if (!isLostOne(file.uri)) return COPIED;
      hasHung++;
      signal.addEventListener("abort", () => cutOff++, { once: true });
      return hang(signal);
    };
    const { outcome, live } = made.start({ workItemWorkers: 2, fileWorkers: 3 });
    await vi.waitFor(() => expect(hasHung).toBeGreaterThan(0));
    await made.store.queue.withdraw(1, new Error("another machine has it"));
    const own = itemsIn(2).length;
    await vi.waitFor(() => expect(made.store.ledger.tally().workItems.completed).toBe(own));
    await vi.waitFor(() => expect(live.openWorkItems).toBe(0));
    expect(cutOff).toBe(hasHung);
    expect(made.store.ledger.tally().workItems).toMatchObject({ in_progress: 0, not_mine: COUNT - own });

    made.transfer = async () => COPIED;
    for (const number of [0, 1]) await made.store.queue.admit(number, undefined);
    expect(await outcome).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { completed: COUNT },
      files: { total: 8 * COUNT, copied: 8 * COUNT, failed: 0 },
    });
  });

  it("does not end when its last partition is lost, and is over when that comes back", async () => {
    const made = await rig(filesOfEach(2), COUNT, { share: AUTO });
    const late = gate();
    made.transfer = async (file) => {
      if (itemsIn(1).some((index) => file.uri.includes(`/item-${index}/`))) {
        await late.wait();
        throw new Error("cut off");
      }
      return COPIED;
    };
    for (let number = 0; number < TOTAL; number++) await made.store.queue.admit(number, undefined);
    const { outcome } = made.start();
    let isEnded = false;
    void outcome.then(() => (isEnded = true));
    const own = COUNT - itemsIn(1).length;
    await vi.waitFor(() => expect(made.store.ledger.tally().workItems.completed).toBe(own));
    await made.store.queue.withdraw(1, new Error("another machine has it"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    late.open();
    await vi.waitFor(() => expect(made.store.ledger.tally().workItems.in_progress).toBe(0));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isEnded).toBe(false);
    made.transfer = async () => COPIED;
    await made.store.queue.admit(1, undefined);
    expect(await outcome).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().workItems.completed).toBe(COUNT);
  });

  it("records what comes to its end although the claim is lost", async () => {
    const made = await rig(filesOfEach(3), COUNT, { share: AUTO });
    await made.store.queue.admit(1, undefined);
    const held = gate();
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const { outcome } = made.start({ workItemWorkers: 1, fileWorkers: 2, queue: false });
    await vi.waitFor(() => expect(held.waiting()).toBe(2));
    await made.store.queue.withdraw(1, new Error("lost"));
    held.open();
    await vi.waitFor(() => expect(made.store.ledger.tally().workItems.in_progress).toBe(0));
    expect(made.store.ledger.tally().files).toMatchObject({ total: 2, copied: 2 });
    made.drain.abort();
    expect(await outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });
});

describe("two pipelines on one queue", () => {
  it("share the work items, and both end when all is done", async () => {
    const made = await rig(filesOfEach(5), COUNT);
    const [one, other] = [made.start(), made.start({ holder: made.store.queue.beside() })];
    expect(await Promise.all([one.outcome, other.outcome])).toEqual([
      { kind: "finished" },
      { kind: "finished" },
    ]);
    expect(made.transferred).toHaveLength(5 * COUNT);
    expect(new Set(made.transferred).size).toBe(5 * COUNT);
    expect(made.store.ledger.tally().workItems.completed).toBe(COUNT);
  });
});

describe("a pipeline that goes on from a checkpoint", () => {
  it("neither transfers nor announces what another machine completed, also of work items that it had open", async () => {
    const first = await rig(filesOfEach(6), COUNT);
    let done = 0;
    first.transfer = async (_file, _name, signal) => {
      if (++done > 25) return hang(signal);
      return COPIED;
    };
    const { outcome } = first.start({ workItemWorkers: 2, fileWorkers: 2 });
    await vi.waitFor(() => expect(first.announced).toHaveLength(25));
    await first.store.ledger.committed();
    const bytes = encodeCheckpoint(await first.store.ledger.checkpoint(0, never));
    first.abort.abort(new Error("killed"));
    await outcome;

    const second = await rig(filesOfEach(6), COUNT);
    await second.store.queue.admit(0, decodeCheckpoint(bytes));
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toHaveLength(6 * COUNT - 25);
    expect(new Set([...first.announced, ...second.announced]).size).toBe(6 * COUNT);
    expect(second.announced).toHaveLength(6 * COUNT - 25);
    expect(second.store.ledger.tally().files).toMatchObject({
      total: 6 * COUNT,
      elsewhere: 25,
      copied: 6 * COUNT - 25,
    });
  });

  it("does a work item anew whose catalog lists other files by now: nothing is taken for done", async () => {
    const first = await rig(filesOfEach(3), COUNT);
    first.transfer = async (_file, blobName, signal) => (blobName.includes("f0") ? COPIED : hang(signal));
    const { outcome } = first.start({ workItemWorkers: 4, fileWorkers: 10 });
    await vi.waitFor(() => expect(first.announced).toHaveLength(COUNT));
    await first.store.ledger.committed();
    const told = await first.store.ledger.checkpoint(0, never);
    expect(told.open).toHaveLength(COUNT);
    first.abort.abort(new Error("killed"));
    await outcome;

    const second = await rig(filesOfEach(4), COUNT);
    await second.store.queue.admit(0, told);
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toHaveLength(4 * COUNT);
  });
});
