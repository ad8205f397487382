import { describe, expect, it } from "vitest";
import { checkpointCounts } from "../../src/core/checkpoint.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import type { StateHarness } from "./harness.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  csvOf,
  DESCRIPTION,
  eventsOf,
  file,
  noSignal,
  recordAll,
  workItems,
} from "./samples.ts";
import {
  AUTO,
  checkpointOf,
  finishAll,
  inPartition,
  PARTITIONS,
  perform,
  sumOfWorkItems,
} from "./partition-deeds.ts";

/** Several partitions in one state. */
export function describePartitions(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`a run that takes partitions as they get free (${kind})`, () => {
    it("begins with none of them, and gets those that are admitted", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      expect(state.ledger.tally().workItems).toMatchObject({ pending: 0, not_mine: 60 });
      expect(await state.queue.claim(9, noSignal)).toEqual({ kind: "nothing-now" });
      const changed = state.queue.changed(noSignal.signal);
      await state.queue.admit(1, undefined);
      await changed;
      const claims = await claimSome(state, 100);
      expect(claims.map(({ workItem: one }) => one)).toEqual(inPartition(60, 1));
      expect(new Set(claims.map(({ partition }) => partition))).toEqual(new Set([1]));
      expect(sumOfWorkItems(state)).toBe(60);
    });

    it("finds work items of a partition that comes after all others were claimed", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      await state.queue.admit(2, undefined);
      expect(await claimSome(state, 100)).toHaveLength(inPartition(60, 2).length);
      await state.queue.admit(0, undefined);
      expect(await claimSome(state, 100)).toHaveLength(inPartition(60, 0).length);
    });

    it("surveys what is here alone", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      await state.queue.admit(1, undefined);
      const found = [];
      for await (const batch of state.surveys.toSurvey(noSignal)) found.push(...batch);
      expect(found).toEqual(inPartition(60, 1));
      expect(state.ledger.tally().notSurveyed).toBe(found.length);
    });

    it("gives all work items for a survey of the whole run, whatever became of them", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      await state.queue.admit(1, undefined);
      await completeOne(state, 1);
      const found = [];
      for await (const batch of state.surveys.all(noSignal)) found.push(...batch);
      expect(found).toEqual(workItems(60));
    });

    it("aborts the claims of a partition that is withdrawn, and no others", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      await state.queue.admit(0, undefined);
      await state.queue.admit(1, undefined);
      const claims = await claimSome(state, 100);
      await state.queue.withdraw(0, new Error("lost"));
      await state.queue.withdraw(0, new Error("lost again"));
      for (const { partition, lost } of claims) expect(lost.aborted).toBe(partition === 0);
      state.queue.release(claims.map(({ id }) => id));
      expect(state.ledger.tally().workItems).toMatchObject({
        pending: inPartition(60, 1).length,
        not_mine: 60 - inPartition(60, 1).length,
      });
    });

    it("has no partition at its next start, and all the facts", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(60), AUTO);
      await first.queue.admit(1, undefined);
      await completeOne(first, 2);
      await first.close();
      const state = await harness.resume();
      expect(state.ledger.tally()).toMatchObject({
        workItems: { completed: 1, not_mine: 59 },
        files: { copied: 2 },
      });
      await state.queue.admit(1, undefined);
      expect(await claimSome(state, 100)).toHaveLength(inPartition(60, 1).length - 1);
    });

    it("tells how many work items a partition has, and how many of them are left", async () => {
      const state = await (await newHarness()).start(workItems(60), AUTO);
      const sizes = [0, 1, 2].map((partition) => inPartition(60, partition).length);
      expect(new Map(state.queue.sizes())).toEqual(new Map(sizes.map((size, at) => [at, size])));
      expect([0, 1, 2].map((partition) => state.queue.left(partition).all)).toEqual(sizes);
      await state.queue.admit(1, undefined);
      await completeOne(state, 1);
      expect(state.queue.left(1)).toEqual({ all: (sizes[1] ?? 0) - 1, inProgress: 0 });
      await claimOne(state);
      expect(state.queue.left(1)).toEqual({ all: (sizes[1] ?? 0) - 1, inProgress: 1 });
      await state.queue.withdraw(1, new Error("given back"));
      expect(state.queue.left(1)).toEqual({ all: (sizes[1] ?? 0) - 1, inProgress: 1 });
    });

    it("tells the bytes that it put into the target of each partition, at its next start too", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(60), AUTO);
      const upload = async (state: OpenState, ...files: { bytes?: number; alreadyThere?: boolean }[]) => {
        const { id } = await claimOne(state);
        const events = eventsOf(id);
        recordAll(state, events.opened(files.length));
        for (const [place, more] of files.entries())
          recordAll(state, events.uploaded(file(place), more), events.completed(file(place)));
        recordAll(state, events.finished("completed"));
      };
      await first.queue.admit(1, undefined);
      await upload(first, { bytes: 5 }, { bytes: 11, alreadyThere: true });
      expect((await checkpointOf(first, 1)).files.bytes).toBe(5);
      await first.queue.withdraw(1, new Error("given back"));
      await first.queue.admit(2, undefined);
      await upload(first, { bytes: 7 });
      expect((await checkpointOf(first, 1)).files.bytes).toBe(5);
      await first.close();
      const state = await harness.resume();
      await state.queue.admit(2, undefined);
      await upload(state, { bytes: 2 }, {});
      const told = await Promise.all([0, 1, 2].map(async (partition) => checkpointOf(state, partition)));
      expect(told.map(({ files }) => files.bytes)).toEqual([0, 5, 1_009]);
      await state.close();
    });

    it("tries again what failed, when no later word has come since", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(9), AUTO);
      await first.queue.admit(1, undefined);
      await perform(first, ["failed"]);
      await finishAll(first);
      const told = await checkpointOf(first, 1);
      expect(first.queue.left(1).all).toBe(0);
      await first.close();
      const state = await harness.resume();
      await state.queue.admit(1, told);
      expect(state.queue.left(1).all).toBe(1);
      await finishAll(state);
      expect(checkpointCounts(await checkpointOf(state, 1)).workItems).toMatchObject({
        failed: 0,
        pending: 0,
      });
    });

    it("is all done when every partition is done here or known to be done", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(9), AUTO);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        await state.queue.admit(partition, undefined);
        await finishAll(state);
      }
      expect(await state.queue.claim(1, noSignal)).toEqual({ kind: "all-done" });
      const done = await Promise.all([0, 1, 2].map(async (partition) => checkpointOf(state, partition)));
      expect(done.map((one) => checkpointCounts(one).workItems.done)).toEqual(
        [0, 1, 2].map((partition) => inPartition(9, partition).length),
      );
      await state.close();

      const { kind: states, newLocation } = harness;
      const options = {
        location: newLocation(),
        resume: false,
        updateCsv: false,
        retryFailed: "all",
      } as const;
      const description = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, ...AUTO } };
      const other = await states.open(options, description, csvOf(workItems(9)), noSignal);
      for (const one of done) await other.queue.admit(one.partition, one);
      expect(await other.queue.claim(1, noSignal)).toEqual({ kind: "all-done" });
      expect(other.ledger.tally()).toMatchObject({
        workItems: { elsewhere: 9 },
        files: { elsewhere: 27, total: 27 },
      });
      await other.close();
    });
  });
}
