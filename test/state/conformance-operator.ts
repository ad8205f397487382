import { describe, expect, it } from "vitest";
import type { WorkItemRequest } from "../../src/core/control-request.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import type { StateHarness } from "./harness.ts";
import { claimOne, claimSome, eventsOf, failure, file, noSignal, workItem, workItems } from "./samples.ts";

const ask = (state: OpenState, kind: WorkItemRequest["kind"], index: number) =>
  state.presence.rearrange({ kind, workItemId: `item-${index}` });

/** What an operator says of single work items. */
export function describeOperator(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`a work item that the operator skips (${kind})`, () => {
    it("is not claimed, is counted as skipped, and stays so over starts until it is reset", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(3));
      expect(await ask(state, "skip", 1)).toEqual({
        kind: "found",
        workItem: workItem(1),
        from: "pending",
        to: "skipped",
      });
      expect(await ask(state, "skip", 1)).toMatchObject({ from: "skipped", to: "skipped" });
      expect(state.ledger.tally()).toMatchObject({ workItems: { pending: 2, skipped: 1 }, notLookedUp: 2 });
      expect((await claimSome(state, 9)).map(({ workItem: { workItemId } }) => workItemId)).toEqual([
        "item-0",
        "item-2",
      ]);
      await state.close();
      const resumed = await harness.resume();
      expect(resumed.ledger.tally().workItems).toMatchObject({ pending: 2, skipped: 1 });
      expect(await claimSome(resumed, 9)).toHaveLength(2);
      expect(await resumed.queue.claim(9, noSignal)).toEqual({ kind: "all-done" });
      const changed = resumed.queue.changed(new AbortController().signal);
      expect(await ask(resumed, "reset", 1)).toMatchObject({ from: "skipped", to: "pending" });
      await changed;
      expect((await claimOne(resumed)).workItem).toEqual(workItem(1));
      expect(resumed.ledger.tally().workItems).toMatchObject({ in_progress: 3, skipped: 0 });
    });

    it("was not begun: one in progress, completed or failed stays as it is", async () => {
      const state = await (await newHarness()).start(workItems(3));
      const [begun, done, broken] = await claimSome(state, 3);
      state.ledger.record(eventsOf(done?.id ?? 0).finished("empty"));
      state.ledger.record({
        kind: "work-item-finished",
        workItem: broken?.id ?? 0,
        status: "failed",
        failure: failure("catalog-error"),
      });
      expect(begun?.workItem).toEqual(workItem(0));
      expect(await ask(state, "skip", 0)).toMatchObject({ from: "in_progress", to: "in_progress" });
      expect(await ask(state, "skip", 1)).toMatchObject({ from: "empty", to: "empty" });
      expect(await ask(state, "skip", 2)).toMatchObject({ from: "failed", to: "failed" });
    });

    it("keeps the files that are done, and counts those alone", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const claim = await claimOne(state);
      const events = eventsOf(claim.id);
      for (const event of [events.opened(3), events.uploaded(file(0)), events.completed(file(0))])
        state.ledger.record(event);
      await state.close();
      const resumed = await harness.resume();
      await ask(resumed, "skip", 0);
      expect(resumed.ledger.tally()).toMatchObject({ files: { total: 1, copied: 1 } });
      await ask(resumed, "reset", 0);
      expect((await claimOne(resumed)).knownFiles.size).toBe(1);
    });
  });

  describe(`a work item that the operator resets (${kind})`, () => {
    it("is tried again in the same start when it had failed", async () => {
      const state = await (await newHarness()).start(workItems(1));
      const claim = await claimOne(state);
      const events = eventsOf(claim.id);
      for (const event of [events.opened(1), events.failed(file(0)), events.finished("failed")]) {
        state.ledger.record(event);
      }
      expect(state.ledger.tally()).toMatchObject({ workItems: { failed: 1 }, files: { failed: 1 } });
      expect(await ask(state, "reset", 0)).toMatchObject({ from: "failed", to: "pending" });
      expect(state.ledger.tally()).toMatchObject({
        workItems: { failed: 0, pending: 1 },
        files: { failed: 0 },
      });
      expect(await state.ledger.failures()).toEqual([]);
      const again = await claimOne(state);
      const more = eventsOf(again.id);
      for (const event of [
        more.opened(1),
        more.uploaded(file(0)),
        more.completed(file(0)),
        more.finished("completed"),
      ]) {
        state.ledger.record(event);
      }
      expect(state.ledger.tally()).toMatchObject({
        workItems: { completed: 1 },
        files: { copied: 1, total: 1 },
      });
    });
  });

  describe(`a work item that the operator bumps (${kind})`, () => {
    it("is claimed before all others, in the order of the bumps, and over starts until then", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(6));
      state.surveys.note([{ workItem: workItem(1), files: 9, linksEndAt: undefined }]);
      expect((await claimOne(state)).workItem).toEqual(workItem(1));
      await ask(state, "bump", 5);
      await ask(state, "bump", 3);
      await ask(state, "bump", 5);
      expect((await claimOne(state)).workItem).toEqual(workItem(5));
      await state.close();
      const resumed = await harness.resume();
      const claims = await claimSome(resumed, 9);
      expect(claims.map(({ workItem: { workItemId } }) => workItemId)).toEqual([
        "item-3",
        "item-1",
        "item-0",
        "item-2",
        "item-4",
        "item-5",
      ]);
    });

    it("is still one of those that --limit chose, or waits for another start", async () => {
      const harness = await newHarness();
      await (await harness.start(workItems(6))).close();
      const state = await harness.resume({ only: { first: 3 } });
      await ask(state, "bump", 5);
      await ask(state, "bump", 2);
      await ask(state, "skip", 1);
      const claims = await claimSome(state, 9);
      expect(claims.map(({ workItem: { workItemId } }) => workItemId)).toEqual(["item-2", "item-0"]);
    });
  });

  describe(`the work item that the operator means (${kind})`, () => {
    it("is told from those of other jobs, and from none", async () => {
      const twins = ["a", "b"].map((jobId) => ({ jobId, workItemId: "twin", workItemName: "" }));
      const state = await (await newHarness()).start(twins);
      const skip = { kind: "skip", workItemId: "twin" } as const;
      expect(await state.presence.rearrange(skip)).toEqual({ kind: "ambiguous", jobIds: ["a", "b"] });
      expect(await state.presence.rearrange({ ...skip, jobId: "c" })).toEqual({ kind: "unknown" });
      expect(await state.presence.rearrange({ ...skip, jobId: "b" })).toMatchObject({ to: "skipped" });
      expect(state.ledger.tally().workItems).toMatchObject({ pending: 1, skipped: 1 });
    });
  });
}
