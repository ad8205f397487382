import { describe, expect, it } from "vitest";
import type { WorkItem } from "../../src/core/work-item.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import type { SurveyedWorkItem } from "../../src/state/survey-book.ts";
import type { StateHarness } from "./harness.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  eventsOf,
  failure,
  file,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "./samples.ts";

const HOUR = 3_600_000;

const survey = (index: number, files: number, linksEndAt?: number): SurveyedWorkItem => ({
  workItem: workItem(index),
  files,
  linksEndAt,
});

const toSurvey = async (store: OpenState): Promise<WorkItem[]> => gathered(store.surveys.toSurvey(noSignal));
const toRecheck = async (store: OpenState): Promise<WorkItem[]> =>
  gathered(store.surveys.toRecheck(noSignal));

async function gathered(batches: AsyncIterable<readonly WorkItem[]>): Promise<WorkItem[]> {
  const found: WorkItem[] = [];
  for await (const batch of batches) {
    expect(batch.length).toBeLessThanOrEqual(1_000);
    found.push(...batch);
  }
  return found;
}

async function claimIds(store: OpenState, max = 100): Promise<string[]> {
  return (await claimSome(store, max)).map((claim) => claim.workItem.workItemId);
}

const ids = (...indexes: number[]): string[] => indexes.map((index) => `item-${index}`);

/** What a catalog counts ahead, and what comes of it. */
export function describeSurveys(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the survey book (${kind})`, () => {
    it("asks for a survey of what was never looked up and is not claimed", async () => {
      const store = await (await newHarness()).start(workItems(2_500));
      await completeOne(store, 1);
      await claimSome(store, 2);
      expect(await toSurvey(store)).toEqual(workItems(2_497, 3));
    });

    it("asks on a resume for a recheck of what was completed before, not of what is tried again anyway", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(5));
      await completeOne(first, 1);
      const failing = eventsOf((await claimOne(first)).id);
      recordAll(first, failing.opened(1), failing.failed(file(0)), failing.finished("failed"));
      first.ledger.record(eventsOf((await claimOne(first)).id).finished("failed", failure("catalog-error")));
      await first.close();
      const store = await harness.resume();
      expect(await toSurvey(store)).toEqual([workItem(2), workItem(3), workItem(4)]);
      expect(await toRecheck(store)).toEqual([workItem(0)]);
    });

    it("asks for no recheck in the first start", async () => {
      const store = await (await newHarness()).start(workItems(2));
      await completeOne(store, 1);
      expect(await toRecheck(store)).toEqual([]);
    });

    it("stops asking when the signal aborts", async () => {
      const store = await (await newHarness()).start(workItems(1_500));
      const control = new AbortController();
      const batches = store.surveys.toSurvey({ signal: control.signal })[Symbol.asyncIterator]();
      await batches.next();
      control.abort();
      await expect(batches.next()).rejects.toThrow(/abort/i);
    });
  });

  describe(`a survey (${kind})`, () => {
    it("orders the claims: by the hour in which links end, then most files first, then what was not counted", async () => {
      const store = await (await newHarness()).start(workItems(8));
      const noon = 500_000 * HOUR;
      const broughtBack = store.surveys.note([
        survey(1, 10),
        survey(2, 99),
        survey(3, 5, noon + 1),
        survey(4, 70, noon + HOUR - 1),
        survey(6, 1, noon - 1),
        survey(7, 70, noon + 5),
        { ...survey(9, 4), workItem: workItem(99) },
      ]);
      expect(broughtBack).toBe(0);
      expect(await claimIds(store, 4)).toEqual(ids(6, 4, 7, 3));
      expect(await claimIds(store)).toEqual(ids(2, 1, 0, 5));
      expect(await claimIds(store)).toEqual([]);
    });

    it("orders the claims to come, and leaves those that were made", async () => {
      const store = await (await newHarness()).start(workItems(6));
      expect(await claimIds(store, 2)).toEqual(ids(0, 1));
      store.surveys.note([survey(0, 9), survey(4, 2)]);
      expect(await claimIds(store, 2)).toEqual(ids(4, 2));
      store.surveys.note([survey(3, 1), survey(5, 3)]);
      expect(await claimIds(store)).toEqual(ids(5, 3));
    });

    it("does not bring back what was released in this start", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(4));
      store.surveys.note([survey(2, 9), survey(3, 8)]);
      const claims = await claimSome(store, 3);
      for (const claim of claims) recordAll(store, eventsOf(claim.id).released());
      store.surveys.note([survey(0, 7), survey(2, 9)]);
      expect(await claimIds(store)).toEqual(ids(1));
      await store.close();
      expect(await claimIds(await harness.resume())).toEqual(ids(2, 3, 0, 1));
    });

    it("counts until its work item is looked up or ended", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(5));
      const counted = () => {
        const { notLookedUp, notSurveyed, files } = store.ledger.tally();
        return { notLookedUp, notSurveyed, expected: files.expected, total: files.total };
      };
      expect(counted()).toEqual({ notLookedUp: 5, notSurveyed: 5, expected: 0, total: 0 });
      store.surveys.note([survey(0, 10), survey(1, 20), survey(2, 30), survey(3, 0)]);
      expect(counted()).toEqual({ notLookedUp: 5, notSurveyed: 1, expected: 60, total: 0 });
      store.surveys.note([survey(0, 11)]);
      expect(counted()).toMatchObject({ notSurveyed: 1, expected: 61 });
      const largest = await claimOne(store);
      expect(counted()).toMatchObject({ notLookedUp: 5, expected: 61 });
      store.ledger.record(eventsOf(largest.id).opened(31));
      expect(counted()).toEqual({ notLookedUp: 4, notSurveyed: 1, expected: 31, total: 31 });
      store.ledger.record(eventsOf((await claimOne(store)).id).finished("failed", failure("catalog-error")));
      expect(counted()).toEqual({ notLookedUp: 3, notSurveyed: 1, expected: 11, total: 31 });
      recordAll(store, eventsOf((await claimOne(store)).id).released());
      expect(counted()).toEqual({ notLookedUp: 3, notSurveyed: 1, expected: 11, total: 31 });
      const before = counted();
      await store.close();
      const none = await harness.resume({ retryFailed: "none" });
      expect(none.ledger.tally()).toMatchObject({
        notLookedUp: before.notLookedUp,
        notSurveyed: before.notSurveyed,
        files: { expected: before.expected, total: before.total },
      });
      await none.close();
      const again = await harness.resume();
      expect(again.ledger.tally()).toMatchObject({ notLookedUp: 4, notSurveyed: 1, files: { expected: 31 } });
    });

    it("survives a kill once it is noted", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(3));
      store.surveys.note([survey(2, 7)]);
      await harness.kill(store);
      const resumed = await harness.resume();
      expect(resumed.ledger.tally()).toMatchObject({ notSurveyed: 2, files: { expected: 7 } });
      expect(await claimIds(resumed)).toEqual(ids(2, 0, 1));
    });
  });

  describe(`a completed work item whose files have changed (${kind})`, () => {
    const completedTwo = async (): Promise<OpenState> => {
      const harness = await newHarness();
      const first = await harness.start(workItems(3));
      await completeOne(first, 2);
      await completeOne(first, 4);
      await first.close();
      return harness.resume();
    };

    it("is pending again, with what is known of it; one whose count is its receipt's stays", async () => {
      const store = await completedTwo();
      expect(store.surveys.note([survey(0, 3), survey(1, 4)])).toBe(1);
      expect(store.ledger.tally()).toMatchObject({
        workItems: { pending: 2, completed: 1 },
        notLookedUp: 1,
        notSurveyed: 1,
        files: { total: 6, copied: 6, expected: 0 },
      });
      expect(store.surveys.note([survey(0, 3)])).toBe(0);
      const claimed = await claimOne(store);
      expect(claimed.workItem).toEqual(workItem(0));
      expect(claimed.knownFiles.size).toBe(2);
      const events = eventsOf(claimed.id);
      const added = file(7, claimed.id);
      recordAll(store, events.opened(3), events.uploaded(added), events.completed(added));
      store.ledger.record(events.finished("completed"));
      expect(store.ledger.tally()).toMatchObject({
        workItems: { pending: 1, completed: 2 },
        files: { total: 7, copied: 7 },
        drift: { workItems: 1, filesAdded: 1, filesVanished: 0 },
      });
    });

    it("is pending again when its digest is not its receipt's, though the count is", async () => {
      const store = await completedTwo();
      expect(store.surveys.note([{ ...survey(1, 4), digest: "another" }])).toBe(1);
    });

    it("comes back also after its claim in this start, and one in progress is passed over", async () => {
      const store = await completedTwo();
      const claimed = await claimOne(store);
      expect(store.surveys.note([survey(2, 9)])).toBe(0);
      recordAll(store, eventsOf(claimed.id).opened(1), eventsOf(claimed.id).uploaded(file(0)));
      recordAll(store, eventsOf(claimed.id).completed(file(0)), eventsOf(claimed.id).finished("completed"));
      expect(await claimSome(store, 1)).toEqual([]);
      expect(store.surveys.note([survey(2, 9)])).toBe(1);
      expect(await claimIds(store)).toEqual(ids(2));
    });
  });

  describe(`drift (${kind})`, () => {
    /** One work item that is completed with the files 0, 1 and 2, looked up again. */
    const lookedUpAgain = async (): Promise<{ store: OpenState; id: number }> => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      await completeOne(first, 3);
      await first.close();
      const store = await harness.resume();
      store.surveys.note([survey(0, 9)]);
      return { store, id: (await claimOne(store)).id };
    };
    const opened = (
      id: number,
      of: { total: number; listed: number; digest?: string; vanished?: number[] },
    ) => ({
      kind: "work-item-opened" as const,
      workItem: id,
      workItemName: "",
      filesTotal: of.total,
      duplicates: 0,
      receipt: { count: of.listed, digest: of.digest ?? "other" },
      ...(of.vanished && { vanished: of.vanished.map((index) => file(index, 1)) }),
    });

    it("stays at zero when the lookup gives the same again", async () => {
      const { store, id } = await lookedUpAgain();
      store.ledger.record(eventsOf(id).opened(3));
      expect(store.ledger.tally().drift).toEqual({ workItems: 0, filesAdded: 0, filesVanished: 0 });
    });

    it("counts files that came and files that went, and leaves what is completed", async () => {
      const { store, id } = await lookedUpAgain();
      store.ledger.record(opened(id, { total: 5, listed: 4, vanished: [0] }));
      expect(store.ledger.tally().drift).toEqual({ workItems: 1, filesAdded: 2, filesVanished: 1 });
      expect(store.ledger.tally().files).toMatchObject({ total: 5, copied: 3 });
    });

    it("counts a file that stays away once, and no longer when it is listed again", async () => {
      const { store, id } = await lookedUpAgain();
      store.ledger.record(opened(id, { total: 3, listed: 2, vanished: [0] }));
      store.ledger.record(eventsOf(id).finished("completed"));
      expect(store.ledger.tally().drift).toEqual({ workItems: 1, filesAdded: 0, filesVanished: 1 });
      const lookUp = async (of: Parameters<typeof opened>[1]) => {
        expect(store.surveys.note([survey(0, 77)])).toBe(1);
        store.ledger.record(opened((await claimOne(store)).id, of));
        store.ledger.record(eventsOf(id).finished("completed"));
        return store.ledger.tally().drift;
      };
      expect(await lookUp({ total: 3, listed: 2, vanished: [0] })).toEqual({
        workItems: 1,
        filesAdded: 0,
        filesVanished: 1,
      });
      expect(await lookUp({ total: 3, listed: 3 })).toEqual({
        workItems: 2,
        filesAdded: 1,
        filesVanished: 0,
      });
      expect(await lookUp({ total: 3, listed: 2, vanished: [0] })).toEqual({
        workItems: 3,
        filesAdded: 1,
        filesVanished: 1,
      });
    });

    it("is counted for each start; a file that is no longer listed stays so over a resume, until it is listed again", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      await completeOne(first, 3);
      await first.close();
      const second = await harness.resume();
      second.surveys.note([survey(0, 9)]);
      const again = (await claimOne(second)).id;
      second.ledger.record(opened(again, { total: 5, listed: 4, vanished: [0] }));
      await second.close();
      const third = await harness.resume();
      expect(third.ledger.tally().drift).toEqual({ workItems: 0, filesAdded: 0, filesVanished: 1 });
      third.ledger.record(opened((await claimOne(third)).id, { total: 5, listed: 5, digest: "all" }));
      expect(third.ledger.tally().drift).toEqual({ workItems: 1, filesAdded: 1, filesVanished: 0 });
    });

    it("counts a work item that was not touched by its number of entries", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      const before = eventsOf((await claimOne(first)).id);
      recordAll(first, before.opened(8), before.uploaded(file(0)), before.released());
      await first.close();
      const store = await harness.resume();
      store.ledger.record(opened((await claimOne(store)).id, { total: 5, listed: 5 }));
      expect(store.ledger.tally().drift).toEqual({ workItems: 1, filesAdded: 0, filesVanished: 3 });
    });
  });

  describe(`the work items of --limit and --sample (${kind})`, () => {
    it("are the first that are pending, in the order of claims", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(9));
      await completeOne(first, 1);
      await first.close();
      const store = await harness.resume({ only: { first: 4 } });
      expect(await toSurvey(store)).toEqual(workItems(4, 1));
      expect(await toRecheck(store)).toEqual([]);
      store.surveys.note([survey(3, 2), survey(4, 5), survey(8, 99)]);
      expect(await claimIds(store, 3)).toEqual(ids(4, 3, 1));
      expect(await claimIds(store)).toEqual(ids(2));
      expect(await claimIds(store)).toEqual([]);
      expect(store.ledger.tally().workItems.pending).toBe(4);
      await store.close();
      expect((await claimIds(await harness.resume())).length).toBe(8);
    });

    it("are spread evenly, and the same for the same state", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(100));
      await first.close();
      for (let start = 0; start < 2; start++) {
        const store = await harness.resume({ only: { sample: 4 } });
        expect(await claimIds(store)).toEqual(ids(24, 49, 74, 99));
        await store.close();
      }
    });

    it("are, of a canary, at random of all sizes that were surveyed", async () => {
      const harness = await newHarness();
      await (await harness.start(workItems(100))).close();
      // In the order of the CSV the sizes are mixed.
      const sizeOf = (number: number) => (number * 37) % 100;
      for (const canary of [{ count: 4 }, { percent: 4 }]) {
        const store = await harness.resume({ only: { canary } });
        store.surveys.note(workItems(100).map((_, number) => survey(number, sizeOf(number))));
        const claimed = await claimIds(store);
        const classes = claimed.map((id) => Math.floor(sizeOf(Number(id.slice("item-".length))) / 25));
        expect(classes.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
        await store.close();
      }
      const store = await harness.resume({ only: { canary: { percent: 0.001 } } });
      expect(await claimIds(store)).toHaveLength(1);
    });

    it("are all when there are no more", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(3));
      await first.close();
      for (const only of [{ first: 7 }, { sample: 7 }, { canary: { count: 7 } }]) {
        const store = await harness.resume({ only });
        expect(await claimIds(store)).toEqual(ids(0, 1, 2));
        await store.close();
      }
    });

    it("are not given again when they are released, nor others that a survey brings back", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(3));
      await completeOne(first, 1);
      await first.close();
      const store = await harness.resume({ only: { first: 1 } });
      expect(store.surveys.note([survey(0, 5)])).toBe(1);
      const claimed = await claimOne(store);
      expect(claimed.workItem).toEqual(workItem(1));
      recordAll(store, eventsOf(claimed.id).released());
      expect(await claimIds(store)).toEqual([]);
    });
  });
}
