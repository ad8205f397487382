import { describe, expect, it } from "vitest";
import type { StateHarness } from "./harness.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  eventsOf,
  failure,
  file,
  knownOf,
  recordAll,
  workItem,
  workItems,
} from "./samples.ts";

/** What a later start finds after a kill, a clean close, and failures. */
export function describeResume(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`a committed event (${kind})`, () => {
    it("survives a kill; what was in progress is pending again", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(3));
      await completeOne(store, 2);
      const claimed = await claimOne(store);
      const events = eventsOf(claimed.id);
      recordAll(
        store,
        events.opened(4),
        events.uploaded(file(0)),
        events.uploaded(file(1), { alreadyThere: true }),
        events.completed(file(1), false),
        events.uploaded(file(2)),
        events.completed(file(2)),
      );
      await store.ledger.committed();
      const before = store.ledger.tally();
      await harness.kill(store);

      const resumed = await harness.resume();
      expect(resumed.start.number).toBe(2);
      expect(resumed.run.runId).toBe(store.run.runId);
      expect(resumed.ledger.tally().files).toEqual(before.files);
      expect(resumed.ledger.tally().bytes).toBe(before.bytes);
      expect(resumed.ledger.tally().workItems).toMatchObject({ pending: 2, in_progress: 0, completed: 1 });
      expect(resumed.ledger.tally().notLookedUp).toBe(1);
      const again = await claimOne(resumed);
      expect(again.workItem).toEqual(claimed.workItem);
      expect(again.openedAs).toBe("");
      expect(knownOf(again, file(0))).toEqual({
        inTarget: true,
        takenOver: false,
        completed: false,
        failed: false,
        skipped: false,
        blobName: undefined,
      });
      expect(knownOf(again, file(1))).toMatchObject({ inTarget: true, completed: true });
      expect(knownOf(again, file(2))).toMatchObject({ inTarget: true, completed: true });
      expect(knownOf(again, file(3))).toBeUndefined();
    });

    it("is there at once when nothing is to share its commit", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(1));
      const claimed = await claimOne(store);
      const events = eventsOf(claimed.id);
      recordAll(store, events.opened(1), events.uploaded(file(0)), events.completed(file(0)));
      const committed = store.ledger.committed("now");
      const killed = harness.kill(store);
      await Promise.all([committed, killed]);
      const resumed = await harness.resume();
      const again = await claimOne(resumed);
      expect(knownOf(again, file(0))).toMatchObject({ inTarget: true, completed: true });
    });

    it("is kept by a clean close, without a wait for the commit", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(2));
      await completeOne(store, 5);
      await store.close();
      const resumed = await harness.resume();
      expect(resumed.ledger.tally()).toEqual(store.ledger.tally());
    });

    it("is waited for only while there is one", async () => {
      const store = await (await newHarness()).start(workItems(1));
      await expect(store.ledger.committed()).resolves.toBeUndefined();
      await completeOne(store, 1);
      await store.ledger.committed();
      await expect(store.ledger.committed()).resolves.toBeUndefined();
    });
  });

  describe(`a resume with failures (${kind})`, () => {
    const withFailures = async (): Promise<StateHarness> => {
      const harness = await newHarness();
      const store = await harness.start(workItems(4));
      await completeOne(store, 1);
      const mixed = eventsOf((await claimOne(store)).id);
      recordAll(
        store,
        mixed.opened(4),
        mixed.failed(file(0), failure("source-not-found")),
        mixed.uploaded(file(1)),
        mixed.failed(file(1), failure("queue-unavailable")),
        mixed.uploaded(file(2)),
        mixed.completed(file(2)),
        mixed.skipped(file(3)),
        mixed.finished("failed"),
      );
      store.ledger.record(eventsOf((await claimOne(store)).id).finished("failed", failure("catalog-error")));
      store.ledger.record(eventsOf((await claimOne(store)).id).finished("failed", failure("no-files")));
      await store.close();
      return harness;
    };

    it("tries all of them again by default, and only announces a file that is in the target", async () => {
      const store = await (await withFailures()).resume();
      expect(store.ledger.tally().workItems).toMatchObject({ pending: 3, failed: 0, completed: 1 });
      expect(store.ledger.tally().notLookedUp).toBe(2);
      expect(store.ledger.tally().files).toMatchObject({
        total: 5,
        failed: 0,
        uploaded: 1,
        copied: 2,
        skipped: 1,
      });
      const claimed = await claimOne(store);
      expect(knownOf(claimed, file(0))).toMatchObject({ inTarget: false, failed: false });
      expect(knownOf(claimed, file(1))).toMatchObject({ inTarget: true, completed: false, failed: false });
      expect(knownOf(claimed, file(3))).toMatchObject({ skipped: true });
      const events = eventsOf(claimed.id);
      recordAll(
        store,
        events.opened(4),
        events.uploaded(file(0)),
        events.completed(file(0)),
        events.completed(file(1)),
        events.finished("completed"),
      );
      expect(store.ledger.tally().files).toMatchObject({
        total: 5,
        failed: 0,
        uploaded: 0,
        copied: 4,
        skipped: 1,
      });
      expect(
        (await store.ledger.failures()).map((group) => [group.outcome, group.code, group.files]),
      ).toEqual([["skipped", "name-collision", 1]]);
    });

    it("tries only the named codes again, and leaves the other failures of the same work item", async () => {
      const store = await (await withFailures()).resume({ retryFailed: ["queue-unavailable", "no-files"] });
      expect(store.ledger.tally().workItems).toMatchObject({ pending: 2, failed: 1 });
      expect(store.ledger.tally().files).toMatchObject({ failed: 1, uploaded: 1 });
      const claims = await claimSome(store, 9);
      expect(claims.map((claim) => claim.workItem)).toEqual([workItem(1), workItem(3)]);
      const [mixed] = claims;
      expect(mixed && knownOf(mixed, file(0))).toMatchObject({ failed: true });
      expect(mixed && knownOf(mixed, file(1))).toMatchObject({ failed: false, inTarget: true });
    });

    it("tries skipped files again when their code is named, also those of completed work items", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(2));
      const done = eventsOf((await claimOne(first)).id);
      recordAll(
        first,
        done.opened(2),
        done.skipped(file(0)),
        done.uploaded(file(1)),
        done.completed(file(1)),
      );
      recordAll(first, done.finished("completed"));
      await completeOne(first, 1);
      await first.close();
      const all = await harness.resume();
      expect(all.ledger.tally()).toMatchObject({ workItems: { completed: 2 }, files: { skipped: 1 } });
      await all.close();
      const store = await harness.resume({ retryFailed: ["name-collision"] });
      expect(store.ledger.tally()).toMatchObject({
        workItems: { pending: 1, completed: 1 },
        files: { skipped: 0 },
      });
      const again = await claimOne(store);
      expect(knownOf(again, file(0))).toMatchObject({ skipped: false, inTarget: false });
      const events = eventsOf(again.id);
      recordAll(store, events.opened(2), events.uploaded(file(0)), events.completed(file(0)));
      recordAll(store, events.finished("completed"));
      expect(store.ledger.tally()).toMatchObject({
        workItems: { completed: 2 },
        files: { total: 3, copied: 3 },
      });
    });

    it("looks empty work items up again, unless nothing is to be tried again", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      first.ledger.record(eventsOf((await claimOne(first)).id).finished("empty"));
      await first.close();
      const none = await harness.resume({ retryFailed: "none" });
      expect(none.ledger.tally().workItems).toMatchObject({ empty: 1, pending: 0 });
      await none.close();
      const store = await harness.resume();
      expect(store.ledger.tally()).toMatchObject({ workItems: { empty: 0, pending: 1 } });
      await completeOne(store, 3);
      expect(store.ledger.tally()).toMatchObject({
        workItems: { completed: 1 },
        files: { total: 3, copied: 3 },
      });
    });

    it("tries none of them again with `none`", async () => {
      const store = await (await withFailures()).resume({ retryFailed: "none" });
      expect(store.ledger.tally().workItems).toMatchObject({ pending: 0, failed: 3 });
      expect(await claimSome(store, 9)).toEqual([]);
    });

    it("tells the failures by outcome and code, most first, with samples", async () => {
      const store = await (await withFailures()).resume({ retryFailed: "none" });
      const groups = await store.ledger.failures();
      expect(groups).toHaveLength(5);
      expect(groups).toContainEqual({
        code: "source-not-found",
        outcome: "failed",
        files: 1,
        workItems: 0,
        samples: [
          {
            jobId: "job-1",
            workItemId: "item-1",
            fileName: "results/file-0.json",
            message: "it failed",
            requestId: undefined,
          },
        ],
      });
      expect(groups).toContainEqual({
        code: "catalog-error",
        outcome: "failed",
        files: 0,
        workItems: 1,
        samples: [
          {
            jobId: "job-2",
            workItemId: "item-2",
            fileName: undefined,
            message: "it failed",
            requestId: undefined,
          },
        ],
      });
    });
  });
}
