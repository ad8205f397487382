/**
 * What every kind of state store must do, whatever stands behind the door. Attach it with a harness:
 *
 *     describeStateStore("SQLite", () => newSqliteHarness());
 */
import { describe, expect, it } from "vitest";
import type { WorkItem } from "../../src/core/work-item.ts";
import type { OpenOptions } from "../../src/state/open-run.ts";
import type { StateStore } from "../../src/state/state-store.ts";
import {
  claimOne,
  completeOne,
  eventsOf,
  failure,
  file,
  knownOf,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "./samples.ts";

/** One run. */
export interface StateHarness {
  /** Starts it with these work items. */
  start(rows: readonly WorkItem[]): Promise<StateStore>;
  /** Resumes it, when the store was closed. */
  resume(options?: Partial<Pick<OpenOptions, "retryFailed">>): Promise<StateStore>;
  /** What a kill at this moment leaves is what `resume` finds; the store is of no use after it. */
  kill(store: StateStore): Promise<void>;
}

export function describeStateStore(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`${kind}: claims`, () => {
    it("come in input order, each work item once, and end with an empty list", async () => {
      const store = await (await newHarness()).start(workItems(5));
      const claims = [
        ...(await store.claim(2, noSignal)),
        ...(await store.claim(2, noSignal)),
        ...(await store.claim(2, noSignal)),
      ];
      expect(claims.map((claim) => claim.workItem)).toEqual(workItems(5));
      expect(await store.claim(2, noSignal)).toEqual([]);
      expect(store.summary().workItems).toMatchObject({ pending: 0, in_progress: 5 });
    });

    it("know nothing of a work item that was never opened", async () => {
      const store = await (await newHarness()).start([workItem(1, "name")]);
      const claimed = await claimOne(store);
      expect(claimed.workItem).toEqual({ jobId: "job-1", workItemId: "item-1", workItemName: "name" });
      expect(claimed.knownFiles.size).toBe(0);
      expect(claimed.receipt).toBeUndefined();
    });

    it("do not give back a released work item in the same start, but in the next", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(1));
      const claimed = await claimOne(store);
      store.record(eventsOf(claimed.id).released());
      expect(await store.claim(1, noSignal)).toEqual([]);
      expect(store.summary().workItems.pending).toBe(1);
      await store.close();
      expect((await claimOne(await harness.resume())).workItem).toEqual(workItem(0));
    });

    it("are refused once the signal is aborted", async () => {
      const store = await (await newHarness()).start(workItems(1));
      await expect(store.claim(1, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
      expect(store.summary().workItems.pending).toBe(1);
    });
  });

  describe(`${kind}: events`, () => {
    it("are in the summary at once, each file in one class", async () => {
      const store = await (await newHarness()).start(workItems(2));
      const { id } = await claimOne(store);
      const events = eventsOf(id);
      recordAll(
        store,
        events.opened(6),
        events.uploaded(file(0), { bytes: 5 }),
        events.uploaded(file(1), { bytes: 7 }),
        events.completed(file(1)),
        events.uploaded(file(2), { bytes: 11, alreadyThere: true }),
        events.completed(file(2), false),
        events.failed(file(3)),
        events.skipped(file(4)),
      );
      expect(store.summary()).toEqual({
        workItems: { pending: 1, in_progress: 1, completed: 0, empty: 0, failed: 0 },
        notLookedUp: 1,
        files: {
          total: 6,
          copied: 1,
          alreadyThere: 1,
          failed: 1,
          skipped: 1,
          uploaded: 1,
          announced: 1,
          duplicates: 0,
          shortened: 0,
        },
        bytes: 12,
      });
    });

    it("count shortened names and dropped repetitions", async () => {
      const store = await (await newHarness()).start(workItems(1));
      const { id } = await claimOne(store);
      recordAll(
        store,
        {
          kind: "work-item-opened",
          workItem: id,
          workItemName: "",
          filesTotal: 2,
          duplicates: 3,
          receipt: { count: 5, digest: "00" },
        },
        {
          kind: "file-uploaded",
          workItem: id,
          file: file(0),
          bytes: undefined,
          alreadyThere: false,
          attempts: 1,
          blobName: "a~b",
          shortened: true,
        },
        {
          kind: "file-uploaded",
          workItem: id,
          file: file(1),
          bytes: undefined,
          alreadyThere: false,
          attempts: 1,
          blobName: "by/path",
          shortened: false,
        },
      );
      expect(store.summary().files).toMatchObject({ duplicates: 3, shortened: 1 });
    });

    it("account for every work item and file at the end", async () => {
      const store = await (await newHarness()).start(workItems(4));
      await completeOne(store, 3);
      await completeOne(store, 0);
      const withFailure = eventsOf((await claimOne(store)).id);
      recordAll(store, withFailure.opened(1), withFailure.failed(file(0)), withFailure.finished("failed"));
      const lookupFailed = eventsOf((await claimOne(store)).id);
      store.record(lookupFailed.finished("failed", failure("catalog-error")));
      const { workItems: items, notLookedUp, files } = store.summary();
      expect(items).toEqual({ pending: 0, in_progress: 0, completed: 1, empty: 1, failed: 2 });
      expect(notLookedUp).toBe(0);
      expect(files).toMatchObject({ total: 4, copied: 3, announced: 3, failed: 1 });
    });
  });

  describe(`${kind}: impossible moves`, () => {
    const cases: Record<string, (events: ReturnType<typeof eventsOf>, store: StateStore) => void> = {
      "a file before its work item was opened": (events, store) => store.record(events.uploaded(file(0))),
      "a second opening": (events, store) => recordAll(store, events.opened(1), events.opened(1)),
      "an upload of what is in the target": (events, store) =>
        recordAll(store, events.opened(1), events.uploaded(file(0)), events.uploaded(file(0))),
      "a completion of what is not in the target": (events, store) =>
        recordAll(store, events.opened(1), events.completed(file(0))),
      "a failure of what is completed": (events, store) =>
        recordAll(
          store,
          events.opened(1),
          events.uploaded(file(0)),
          events.completed(file(0)),
          events.failed(file(0)),
        ),
      "an upload of what failed after it was uploaded": (events, store) =>
        recordAll(
          store,
          events.opened(1),
          events.uploaded(file(0)),
          events.failed(file(0)),
          events.uploaded(file(0)),
        ),
      "completed with a file missing": (events, store) =>
        recordAll(
          store,
          events.opened(2),
          events.uploaded(file(0)),
          events.completed(file(0)),
          events.finished("completed"),
        ),
      "completed with an announcement owed": (events, store) =>
        recordAll(store, events.opened(1), events.uploaded(file(0)), events.finished("completed")),
      "completed with a failed file": (events, store) =>
        recordAll(store, events.opened(1), events.failed(file(0)), events.finished("completed")),
      "failed without a failure": (events, store) =>
        recordAll(
          store,
          events.opened(1),
          events.uploaded(file(0)),
          events.completed(file(0)),
          events.finished("failed"),
        ),
      "empty with files": (events, store) =>
        recordAll(store, events.opened(1), events.skipped(file(0)), events.finished("empty")),
      "an event after the end": (events, store) =>
        recordAll(store, events.opened(0), events.finished("empty"), events.released()),
    };

    it.each(Object.keys(cases))("%s is an internal error that changes nothing", async (name) => {
      const store = await (await newHarness()).start(workItems(1));
      const events = eventsOf((await claimOne(store)).id);
      expect(() => cases[name]?.(events, store)).toThrow(expect.objectContaining({ code: "internal" }));
      const { workItems: items, files } = store.summary();
      const { pending, in_progress: open, completed, empty, failed } = items;
      expect(pending + open + completed + empty + failed).toBe(1);
      const inClasses = files.copied + files.failed + files.skipped + files.uploaded;
      expect(inClasses).toBeLessThanOrEqual(files.total);
      await store.committed();
    });

    it("an event of a work item that is not claimed is one", async () => {
      const store = await (await newHarness()).start(workItems(1));
      expect(() => store.record(eventsOf(1).opened(1))).toThrow(/not claimed/);
    });
  });

  describe(`${kind}: what was committed`, () => {
    it("survives a kill, and what was in progress is pending again", async () => {
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
      await store.committed();
      const before = store.summary();
      await harness.kill(store);

      const resumed = await harness.resume();
      expect(resumed.run.starts).toBe(2);
      expect(resumed.run.runId).toBe(store.run.runId);
      expect(resumed.summary().files).toEqual(before.files);
      expect(resumed.summary().bytes).toBe(before.bytes);
      expect(resumed.summary().workItems).toMatchObject({ pending: 2, in_progress: 0, completed: 1 });
      expect(resumed.summary().notLookedUp).toBe(1);
      const again = await claimOne(resumed);
      expect(again.workItem).toEqual(claimed.workItem);
      expect(again.receipt).toEqual({ count: 4, digest: "0123456789abcdef" });
      expect(knownOf(again, file(0))).toEqual({
        inTarget: true,
        alreadyThere: false,
        announced: false,
        completed: false,
        failed: false,
        skipped: false,
      });
      expect(knownOf(again, file(1))).toMatchObject({
        alreadyThere: true,
        announced: false,
        completed: true,
      });
      expect(knownOf(again, file(2))).toMatchObject({ announced: true, completed: true });
      expect(knownOf(again, file(3))).toBeUndefined();
    });

    it("is everything after a clean close", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(2));
      await completeOne(store, 5);
      await store.close();
      const resumed = await harness.resume();
      expect(resumed.summary()).toEqual(store.summary());
    });

    it("is nothing that is left to wait for", async () => {
      const store = await (await newHarness()).start(workItems(1));
      await store.committed();
      await completeOne(store, 1);
      await store.committed();
      await store.committed();
    });
  });

  describe(`${kind}: a resume with failures`, () => {
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
      store.record(eventsOf((await claimOne(store)).id).finished("failed", failure("catalog-error")));
      store.record(eventsOf((await claimOne(store)).id).finished("failed", failure("no-files")));
      await store.close();
      return harness;
    };

    it("tries all again by default; a file that is in the target is only owed its announcement", async () => {
      const store = await (await withFailures()).resume();
      expect(store.summary().workItems).toMatchObject({ pending: 3, failed: 0, completed: 1 });
      expect(store.summary().notLookedUp).toBe(2);
      expect(store.summary().files).toMatchObject({
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
      expect(store.summary().files).toMatchObject({
        total: 5,
        failed: 0,
        uploaded: 0,
        copied: 4,
        skipped: 1,
      });
      expect((await store.failures()).map((group) => [group.outcome, group.code, group.files])).toEqual([
        ["skipped", "name-collision", 1],
      ]);
    });

    it("tries only some codes again, and leaves the other failures of the same work item", async () => {
      const store = await (await withFailures()).resume({ retryFailed: ["queue-unavailable", "no-files"] });
      expect(store.summary().workItems).toMatchObject({ pending: 2, failed: 1 });
      expect(store.summary().files).toMatchObject({ failed: 1, uploaded: 1 });
      const claims = await store.claim(9, noSignal);
      expect(claims.map((claim) => claim.workItem)).toEqual([workItem(1), workItem(3)]);
      const [mixed] = claims;
      expect(mixed && knownOf(mixed, file(0))).toMatchObject({ failed: true });
      expect(mixed && knownOf(mixed, file(1))).toMatchObject({ failed: false, inTarget: true });
    });

    it("tries none again", async () => {
      const store = await (await withFailures()).resume({ retryFailed: "none" });
      expect(store.summary().workItems).toMatchObject({ pending: 0, failed: 3 });
      expect(await store.claim(9, noSignal)).toEqual([]);
    });

    it("tells the failures by outcome and code, most first, with samples", async () => {
      const store = await (await withFailures()).resume({ retryFailed: "none" });
      const groups = await store.failures();
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

  it(`${kind}: failures are counted whole and sampled by five, secrets taken out`, async () => {
    const store = await (await newHarness()).start(workItems(1));
    const events = eventsOf((await claimOne(store)).id);
    store.record(events.opened(8));
    for (let index = 0; index < 7; index++) {
      const message = `GET https://x/y?sig=SECRET${index} failed`;
      store.record(
        events.failed(file(index), { code: "network", message, attempts: 8, requestId: `r${index}` }),
      );
    }
    store.record(events.failed(file(7), failure("timeout")));
    const [network, timeout] = await store.failures();
    expect(network).toMatchObject({ code: "network", files: 7 });
    expect(network?.samples.map((sample) => sample.requestId)).toEqual(["r0", "r1", "r2", "r3", "r4"]);
    expect(JSON.stringify(network)).not.toContain("SECRET");
    expect(timeout).toMatchObject({ code: "timeout", files: 1 });
  });

  it(`${kind}: a later lookup that differs changes the totals by the difference`, async () => {
    const harness = await newHarness();
    const store = await harness.start(workItems(1));
    const first = eventsOf((await claimOne(store)).id);
    recordAll(store, first.opened(3), first.uploaded(file(0)), first.completed(file(0)), first.released());
    await store.close();
    const resumed = await harness.resume();
    const claimed = await claimOne(resumed);
    const second = eventsOf(claimed.id);
    recordAll(resumed, second.opened(2), second.uploaded(file(1)), second.completed(file(1)));
    expect(resumed.summary().files).toMatchObject({ total: 2, copied: 2 });
    resumed.record(second.finished("completed"));
    expect(resumed.summary().workItems.completed).toBe(1);
  });

  it(`${kind}: unfinished gives the work items in progress and pending, each once`, async () => {
    const store = await (await newHarness()).start(workItems(2_500));
    await completeOne(store, 1);
    await store.claim(2, noSignal);
    const found: WorkItem[] = [];
    for await (const batch of store.unfinished(noSignal)) {
      expect(batch.length).toBeLessThanOrEqual(1_000);
      found.push(...batch);
    }
    expect(found).toEqual(workItems(2_499, 1));
  });

  it(`${kind}: a closed store takes nothing more, and closes once`, async () => {
    const store = await (await newHarness()).start(workItems(1));
    await store.close();
    await store.close();
    expect(() => store.record(eventsOf(1).released())).toThrow(/closed/);
    await expect(store.claim(1, noSignal)).rejects.toThrow(/closed/);
  });
}
