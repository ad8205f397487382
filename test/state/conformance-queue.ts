import { describe, expect, it } from "vitest";
import type { WorkQueue } from "../../src/state/work-queue.ts";
import type { StateHarness } from "./harness.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  eventsOf,
  file,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "./samples.ts";

const never = new AbortController().signal;

/** What is to be done, and who holds it. */
export function describeQueue(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the work queue (${kind})`, () => {
    it("gives work items in input order, each once, and none after the last", async () => {
      const store = await (await newHarness()).start(workItems(5));
      const claims = [
        ...(await claimSome(store, 2)),
        ...(await claimSome(store, 2)),
        ...(await claimSome(store, 2)),
      ];
      expect(claims.map((claim) => claim.workItem)).toEqual(workItems(5));
      expect(await claimSome(store, 2)).toEqual([]);
      expect(store.ledger.tally().workItems).toMatchObject({ pending: 0, in_progress: 5 });
    });

    it("knows no files of a work item that was never opened", async () => {
      const store = await (await newHarness()).start([workItem(1, "name")]);
      const claimed = await claimOne(store);
      expect(claimed.workItem).toEqual({ jobId: "job-1", workItemId: "item-1", workItemName: "name" });
      expect(claimed.knownFiles.size).toBe(0);
      expect(claimed.openedAs).toBeUndefined();
    });

    it("gives a released work item again in the next start, not in this one", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(1));
      const claimed = await claimOne(store);
      recordAll(store, eventsOf(claimed.id).released());
      expect(await claimSome(store, 1)).toEqual([]);
      expect(store.ledger.tally().workItems.pending).toBe(1);
      await store.close();
      expect((await claimOne(await harness.resume())).workItem).toEqual(workItem(0));
    });

    it("refuses claims once the signal is aborted", async () => {
      const store = await (await newHarness()).start(workItems(1));
      await expect(store.queue.claim(1, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
      expect(store.ledger.tally().workItems.pending).toBe(1);
    });
  });

  describe(`two holders of one work queue (${kind})`, () => {
    it("never hold the same work item, however they take turns", async () => {
      const state = await (await newHarness()).start(workItems(200));
      const got: string[] = [];
      const work = async (queue: WorkQueue, max: number): Promise<void> => {
        for (;;) {
          const answer = await queue.claim(max, noSignal);
          if (answer.kind !== "claims") return;
          got.push(...answer.claims.map((claim) => claim.workItem.workItemId));
          await Promise.resolve();
        }
      };
      await Promise.all([work(state.queue, 3), work(state.queue.beside(), 2), work(state.queue.beside(), 5)]);
      expect(got.toSorted()).toEqual(
        workItems(200)
          .map(({ workItemId }) => workItemId)
          .sort(),
      );
    });

    it("are told `nothing-now` while the other holds the rest, and `all-done` when it is done", async () => {
      const state = await (await newHarness()).start(workItems(2));
      const other = state.queue.beside();
      const claim = await claimOne(state);
      expect(await claimSome({ queue: other }, 9)).toHaveLength(1);
      expect(await other.claim(9, noSignal)).toEqual({ kind: "nothing-now" });
      const changed = other.changed(never);
      state.ledger.record(eventsOf(claim.id).finished("empty"));
      await changed;
      expect(await other.claim(9, noSignal)).toEqual({ kind: "all-done" });
      // What it holds itself is not for it to wait for.
      expect(await state.queue.claim(9, noSignal)).toEqual({ kind: "nothing-now" });
    });

    it("get what the other gives back, once", async () => {
      const state = await (await newHarness()).start(workItems(1));
      const other = state.queue.beside();
      const claim = await claimOne(state);
      await other.claim(1, noSignal);
      const changed = other.changed(never);
      state.queue.release([claim.id]);
      await changed;
      expect(await claimSome({ queue: other }, 9)).toMatchObject([{ workItem: workItem(0) }]);
      expect(await state.queue.claim(9, noSignal)).toEqual({ kind: "nothing-now" });
      other.release([claim.id]);
      expect(await claimSome(state, 9)).toMatchObject([{ workItem: workItem(0) }]);
    });

    it("cannot give back what the other holds", async () => {
      const state = await (await newHarness()).start(workItems(2));
      const own = await claimOne(state);
      const other = state.queue.beside();
      expect(() => other.release([own.id])).toThrow(expect.objectContaining({ code: "internal" }));
      expect(state.ledger.tally().workItems.in_progress).toBe(1);
    });
  });

  describe(`waiting for a change of the work queue (${kind})`, () => {
    it("ends at once when the change came before", async () => {
      const state = await (await newHarness()).start(workItems(1));
      const other = state.queue.beside();
      const claim = await claimOne(state);
      expect(await other.claim(1, noSignal)).toEqual({ kind: "nothing-now" });
      state.queue.release([claim.id]);
      await other.changed(never);
      expect(await claimSome({ queue: other }, 1)).toHaveLength(1);
    });

    it("does not end for the holder that made the change", async () => {
      const state = await (await newHarness()).start(workItems(2));
      await completeOne(state, 1);
      await completeOne(state, 1);
      expect(await state.queue.claim(1, noSignal)).toEqual({ kind: "all-done" });
      const control = new AbortController();
      const changed = state.queue.changed(control.signal);
      control.abort(new Error("waited long enough"));
      await expect(changed).rejects.toThrow("waited long enough");
    });

    it("ends when a survey brings a work item back after `all-done`", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      await completeOne(first, 1);
      await first.close();
      const state = await harness.resume();
      expect(await state.queue.claim(1, noSignal)).toEqual({ kind: "all-done" });
      const changed = state.queue.changed(never);
      state.surveys.note([{ workItem: workItem(0), files: 5, linksEndAt: undefined }]);
      await changed;
      expect(await claimSome(state, 1)).toHaveLength(1);
    });

    it("ends when its signal aborts", async () => {
      const state = await (await newHarness()).start(workItems(1));
      await expect(state.queue.changed(AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
    });
  });

  it(`the work queue (${kind}) records the facts of a lost claim, and gives it to nobody here`, async () => {
    const state = await (await newHarness()).start(workItems(2));
    const claim = await claimOne(state);
    const events = eventsOf(claim.id);
    recordAll(state, events.opened(2), events.uploaded(file(0)));
    const why = new Error("another machine has it");
    await state.queue.withdraw(0, why);
    expect(claim.lost.reason).toBe(why);
    expect(await state.queue.claim(1, noSignal)).toEqual({ kind: "nothing-now" });
    recordAll(state, events.completed(file(0)));
    state.queue.release([claim.id]);
    expect(state.ledger.tally()).toMatchObject({
      workItems: { pending: 0, in_progress: 0, not_mine: 2 },
      files: { total: 1, copied: 1 },
    });
    await state.queue.admit(0, undefined);
    const again = await claimSome(state, 9);
    expect(again).toHaveLength(2);
    expect(again.map(({ lost }) => lost.aborted)).toEqual([false, false]);
  });
}
