import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Demand, RecentMean, RecentRate, workItemsToLookUp } from "../../src/pipeline/demand.ts";
import { catalogOf, COPIED, gate, hang, rig } from "./support.ts";

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

describe("the file slots", () => {
  // 4 work items at once and 5 files each: 20 slots.
  it.each([
    ["many work items with one file each", ones(100), 1],
    ["many work items with one file each, asked for in batches", ones(100), 16],
    ["one work item with a thousand files", [1000], 16],
    ["a large work item and many small ones", [400, ...ones(60)], 1],
    ["small work items and then a large one", [...ones(15), 500], 1],
    ["work items without files among others", [0, 0, 30, 0, 0, 0, 30, 0], 2],
  ])("are all in use with %s", async (_, counts, batchSize) => {
    const catalog = catalogOf(counts);
    catalog.batchSize = batchSize;
    const made = await rig(catalog, counts.length);
    const held = gate();
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const running = startWith(made, held);
    await expect.poll(held.waiting).toBe(20);
    expect(running.live.slotsInUse).toBe(20);
    held.open();
    expect(await running.outcome).toEqual({ kind: "finished" });
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(made.store.ledger.tally().files).toMatchObject({ total, copied: total, announced: total });
  });

  it("have their next files ready before they are free, so that a long lookup leaves none idle", async () => {
    const catalog = catalogOf(ones(200));
    const made = await rig(catalog, 200);
    const held = gate();
    let isSlow = false;
    catalog.before = async (_, signal) => (isSlow ? hang(signal) : undefined);
    let first = 20;
    made.transfer = async (_, __, signal) => (first-- > 0 ? held.wait().then(() => COPIED) : hang(signal));
    const running = startWith(made, held);
    await expect.poll(held.waiting).toBe(20);
    await expect.poll(() => running.live.openWorkItems).toBeGreaterThanOrEqual(30);
    isSlow = true;
    held.open();
    await expect.poll(() => made.announced.length).toBe(20);
    await expect.poll(() => running.live.slotsInUse).toBeGreaterThanOrEqual(10);
    made.abort.abort();
    await running.outcome;
  });

  it("continue with all other files while one file hangs", async () => {
    const counts = [1, 50, ...ones(30)];
    const made = await rig(catalogOf(counts), counts.length);
    made.transfer = async (_, blobName, signal) => (blobName === "item-0-f0.json" ? hang(signal) : COPIED);
    const running = made.start();
    await expect.poll(() => made.announced.length).toBe(80);
    await expect.poll(() => running.live.slotsInUse).toBe(1);
    // A file leaves its slot some milliseconds before its work item can be completed.
    await expect
      .poll(() => made.store.ledger.tally().workItems)
      .toMatchObject({ completed: 31, in_progress: 1 });
    made.abort.abort();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });

  it("continue while a lookup hangs", async () => {
    const catalog = catalogOf(ones(40));
    catalog.batchSize = 1;
    catalog.before = async ({ workItemId }, signal) => (workItemId === "item-3" ? hang(signal) : undefined);
    const made = await rig(catalog, 40);
    const running = made.start();
    await expect.poll(() => made.announced.length).toBe(39);
    made.abort.abort();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });
});

function startWith(made: Awaited<ReturnType<typeof rig>>, held: { readonly open: () => void }) {
  onTestFinished(() => held.open());
  return made.start();
}

describe("back-pressure", () => {
  it.each([
    ["one file each", ones(400), 60],
    ["a hundred files each", Array.from({ length: 60 }, () => 100), 4],
  ])("bounds the work items that are claimed when a transfer is slow: %s", async (_, counts, most) => {
    const made = await rig(catalogOf(counts), counts.length);
    const held = gate();
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const running = startWith(made, held);
    await expect.poll(held.waiting).toBe(20);
    // Whatever it wants to claim beyond need it would claim now.
    await sleep(50);
    expect(running.live.openWorkItems).toBeLessThanOrEqual(most);
    expect(running.live.openWorkItems).toBe(made.store.ledger.tally().workItems.in_progress);
    expect(made.catalog.asked.length).toBeLessThanOrEqual(most);
    made.abort.abort();
    held.open();
    await running.outcome;
  });

  it("holds the transfers back when the queue is slow", async () => {
    const made = await rig(catalogOf(ones(200)), 200);
    const held = gate();
    made.announce = held.wait;
    const running = startWith(made, held);
    await expect.poll(held.waiting).toBe(20);
    await sleep(50);
    expect(made.transferred).toHaveLength(20);
    held.open();
    expect(await running.outcome).toEqual({ kind: "finished" });
  });
});

describe("a run that is stopped", () => {
  it("finishes the files in the slots on a drain, takes no other, and gives the rest back", async () => {
    const made = await rig(catalogOf([30, ...ones(50)]), 51);
    const held = gate();
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const running = startWith(made, held);
    await expect.poll(held.waiting).toBe(20);
    made.drain.abort();
    held.open();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
    expect(made.announced).toHaveLength(20);
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { in_progress: 0, pending: 51, failed: 0 },
      files: { copied: 20, failed: 0 },
    });
  });

  it("does not wait for lookups on a drain", async () => {
    const catalog = catalogOf(ones(10));
    catalog.before = async (_, signal) => hang(signal);
    const made = await rig(catalog, 10);
    const running = made.start();
    await expect.poll(() => catalog.asked.length).toBeGreaterThan(0);
    made.drain.abort();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
    expect(made.store.ledger.tally().workItems).toMatchObject({ pending: 10, in_progress: 0 });
  });

  it("leaves at once on an abort, charges nothing, and leaves no listener behind", async () => {
    const made = await rig(catalogOf([30, ...ones(50)]), 51);
    made.transfer = async (_, __, signal) => hang(signal);
    const running = made.start();
    await expect.poll(() => running.live.slotsInUse).toBe(20);
    made.abort.abort();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { in_progress: 0, pending: 51 },
      files: { copied: 0, failed: 0, uploaded: 0 },
    });
    for (const { signal } of [made.abort, made.drain]) expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("ends on an abort what a drain before it waits for", async () => {
    const made = await rig(catalogOf([5]), 1);
    made.transfer = async (_, __, signal) => hang(signal);
    const running = made.start();
    await expect.poll(() => running.live.slotsInUse).toBe(5);
    made.drain.abort();
    made.abort.abort();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });

  it("does nothing at all when it is stopped before its start", async () => {
    for (const which of ["drain", "abort"] as const) {
      const made = await rig(catalogOf([5]), 1);
      made[which].abort();
      expect(await made.run()).toMatchObject({ kind: "stopped", request: { error: undefined } });
      expect(made.catalog.asked).toEqual([]);
    }
  });

  it("warns of nothing with three hundred slots", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const made = await rig(catalogOf([400]), 1);
    made.transfer = async (_, __, signal) => hang(signal);
    const running = made.start({ workItemWorkers: 30, fileWorkers: 10 });
    await expect.poll(() => running.live.slotsInUse).toBe(300);
    made.abort.abort();
    await running.outcome;
    await sleep(1);
    expect(warnings).toEqual([]);
  });
});

describe("the demand for work items", () => {
  const demand = fc.record<Demand>({
    slots: fc.integer({ min: 1, max: 400 }),
    slotsInUse: fc.nat({ max: 400 }),
    readyFiles: fc.nat({ max: 1000 }),
    openWorkItems: fc.nat({ max: 400 }),
    beingLookedUp: fc.nat({ max: 50 }),
    lookupsUnderWay: fc.nat({ max: 30 }),
    filesPerWorkItem: fc.option(fc.double({ min: 0, max: 2000, noNaN: true }), { nil: undefined }),
    filesDuringLookup: fc.double({ min: 0, max: 20_000, noNaN: true }),
    workItemWorkers: fc.integer({ min: 1, max: 40 }),
    fileWorkers: fc.integer({ min: 1, max: 10 }),
    batchSize: fc.integer({ min: 1, max: 200 }),
  });
  const possible = demand.map((one) => ({ ...one, slotsInUse: Math.min(one.slots, one.slotsInUse) }));

  it("is a whole number within a batch, and zero while enough is ready", () => {
    fc.assert(
      fc.property(possible, (one) => {
        const wanted = workItemsToLookUp(one);
        expect(Number.isInteger(wanted) && wanted >= 0 && wanted <= one.batchSize).toBe(true);
        const enough = 2 * one.slots + 2 * Math.ceil(one.filesDuringLookup);
        expect(workItemsToLookUp({ ...one, readyFiles: enough })).toBe(0);
      }),
    );
  });

  it("is never zero while a slot is idle and no file is ready or looked up", () => {
    fc.assert(
      fc.property(possible, (one) => {
        fc.pre(one.slotsInUse < one.slots);
        const nothing = { ...one, readyFiles: 0, beingLookedUp: 0, lookupsUnderWay: 0 };
        expect(workItemsToLookUp({ ...nothing, filesPerWorkItem: 5 })).toBeGreaterThan(0);
        expect(
          workItemsToLookUp({ ...nothing, filesPerWorkItem: undefined, openWorkItems: 0 }),
        ).toBeGreaterThan(0);
      }),
    );
  });

  it("grows with the time that lookups take", () => {
    fc.assert(
      fc.property(possible, (one) => {
        const asked = { ...one, lookupsUnderWay: 0, beingLookedUp: 0, filesPerWorkItem: 5 };
        const readyFiles = 2 * asked.slots + Math.floor(asked.filesDuringLookup);
        fc.pre(asked.filesDuringLookup > 2 * asked.slots);
        expect(workItemsToLookUp({ ...asked, readyFiles })).toBe(asked.batchSize);
        expect(workItemsToLookUp({ ...asked, readyFiles, filesDuringLookup: 0 })).toBe(0);
      }),
    );
  });

  it("uses the rate of the last seconds", () => {
    const rate = new RecentRate(0);
    for (let at = 10; at <= 20_000; at += 10) rate.add(at);
    expect(rate.perMs(20_000)).toBeCloseTo(0.1, 2);
    expect(rate.perMs(40_000)).toBeLessThan(0.001);
  });

  it("follows the size of the newest work items", () => {
    const mean = new RecentMean();
    expect(mean.value).toBeUndefined();
    mean.add(1000);
    expect(mean.value).toBe(1000);
    for (let n = 0; n < 40; n++) mean.add(1);
    expect(mean.value).toBeLessThan(2);
  });
});
