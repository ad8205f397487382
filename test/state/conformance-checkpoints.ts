import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointCounts } from "../../src/core/checkpoint.ts";
import { newCheckpointStates, writeCheckpointState } from "../../src/core/checkpoint-states.ts";
import { countBits } from "../../src/core/bitmap.ts";
import type { StateEvent } from "../../src/state/ledger.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
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
import {
  AUTO,
  checkpointOf,
  DEEDS,
  FILES,
  finishAll,
  inPartition,
  perform,
  sumOfWorkItems,
} from "./partition-deeds.ts";

/** What goes from one state to another. */
export function describeCheckpoints(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`${kind}: a checkpoint`, () => {
    it.each([
      ["the whole CSV", {}, 0],
      ["one partition of several", AUTO, 1],
    ] as const)(
      "of %s takes all that was committed to another state, which does the rest",
      async (_of, share, number) => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.constantFrom(...DEEDS), { minLength: 1, maxLength: 9 }),
            async (deeds) => {
              const rows = inPartition(200, 1).slice(0, deeds.length);
              const first = await (await newHarness()).start(rows, share);
              await first.queue.admit(number, undefined);
              await perform(first, deeds);
              const told = await checkpointOf(first, number);
              await first.close();

              const harness = await newHarness();
              const second = await harness.start(rows, share);
              await second.queue.admit(number, told);
              expect(sumOfWorkItems(second)).toBe(rows.length);
              const again = await checkpointOf(second, number);
              const { epoch, files } = told;
              const facts = { rows: told.rows, states: told.states, empty: told.empty, open: told.open };
              expect(again).toMatchObject({
                ...facts,
                epoch: epoch + 1,
                files: { done: files.done, failed: files.failed },
              });
              expect(new Set(again.failures)).toEqual(new Set(told.failures));
              const { done, failed } = checkpointCounts(told).workItems;
              expect(second.ledger.tally().workItems).toMatchObject({ elsewhere: done, failed });

              // Failures are tried again at the next start.
              await second.close();
              const third = await harness.resume();
              await third.queue.admit(number, undefined);
              await finishAll(third);
              const { workItems: classes, files: sums } = third.ledger.tally();
              expect(classes).toMatchObject({ pending: 0, in_progress: 0, failed: 0 });
              expect(classes.elsewhere + classes.completed).toBe(rows.length);
              const empty = deeds.filter((deed) => deed === "empty").length;
              expect(sums).toMatchObject({ total: FILES * (rows.length - empty), failed: 0, uploaded: 0 });
              expect(sums.copied + sums.elsewhere).toBe(sums.total);
              const last = await checkpointOf(third, number);
              expect(checkpointCounts(last)).toMatchObject({
                workItems: { done: rows.length, pending: 0, empty },
                files: { done: sums.total },
              });
              await third.close();
            },
          ),
          { numRuns: kind === "memory" ? 200 : 8 },
        );
      },
    );

    it("counts the files that it names, whatever is committed while it is made", async () => {
      const state = await (await newHarness()).start(workItems(1));
      const { id } = await claimOne(state);
      const events = eventsOf(id);
      const files = 12;
      recordAll(state, events.opened(files));
      const making = state.ledger.checkpoint(0, noSignal);
      for (let place = 0; place < files; place++) {
        recordAll(state, events.uploaded(file(place)), events.completed(file(place)));
        state.queue.left(0);
        await nextTurn();
      }
      const told = await making;
      const named = told.open.reduce((sum, { completed }) => sum + countBits(completed), 0);
      expect(told.files.done).toBe(named);
    });

    it("is of one moment, however many work items are completed while it is made", async () => {
      // Two pieces and more, as the kind in SQLite reads them.
      const count = 2_500;
      const state = await (await newHarness()).start(workItems(count));
      const claims = await claimSome(state, count);
      const making = state.ledger.checkpoint(0, noSignal);
      for (let n = 0; n < 40; n++) {
        // From both ends: of pieces that were read and of those that were not.
        for (const claim of [claims[n], claims[count - 1 - n]]) {
          const { opened, uploaded, completed, finished } = eventsOf(claim?.id ?? 0);
          recordAll(state, opened(1), uploaded(file(0)), completed(file(0)), finished("completed"));
        }
        state.queue.left(0);
        await nextTurn();
      }
      const told = await making;
      const { done } = checkpointCounts(told).workItems;
      const named = told.open.reduce((sum, { completed }) => sum + countBits(completed), 0);
      expect(told.files.done).toBe(done + named);
      expect(done).toBeLessThan(80);
      await state.close();
    });

    it("over other rows is refused, and changes nothing", async () => {
      const first = await (await newHarness()).start(workItems(4));
      await completeOne(first, 1);
      const told = await checkpointOf(first);
      for (const rows of [
        workItems(5),
        workItems(3),
        workItems(4, 1),
        [...workItems(3), workItem(3, "renamed")],
      ]) {
        const state = await (await newHarness()).start(rows);
        const before = state.ledger.tally();
        await expect(state.queue.admit(0, told)).rejects.toMatchObject({ code: "checkpoint-unusable" });
        expect(state.ledger.tally()).toEqual(before);
        await state.close();
      }
    });

    it("of another partition is refused", async () => {
      const first = await (await newHarness()).start(workItems(60), AUTO);
      const told = await checkpointOf(first, 1);
      await expect(first.queue.admit(2, told)).rejects.toMatchObject({ code: "checkpoint-unusable" });
    });

    it("leaves what failed and what was announced elsewhere to be seen as such", async () => {
      const first = await (await newHarness()).start(workItems(2));
      await perform(first, ["file failed", "part released"]);
      const told = await checkpointOf(first);
      const harness = await newHarness();
      const state = await harness.start(workItems(2));
      await state.queue.admit(0, told);
      await finishAll(state);
      await state.ledger.committed();
      expect(state.ledger.tally()).toMatchObject({
        workItems: { failed: 1, completed: 1 },
        files: { elsewhere: 1, copied: 2, announced: 2 },
      });
      const reader = await harness.read();
      const left = [];
      for await (const batch of reader.remaining(noSignal)) left.push(...batch);
      expect(left).toEqual([{ ...workItem(0), hasFailed: true, failedWith: [] }]);
      expect(await reader.announcements()).toMatchObject({ owed: 0, announced: 2, leftToRun: 0 });
    });

    it.each([
      ["the whole CSV", {}, 0],
      ["one partition of several", AUTO, 1],
    ] as const)(
      "of %s that another machine finished leaves nothing to announce here, and counts no file twice",
      async (_of, share, number) => {
        const rows = inPartition(60, 1).slice(0, 3);
        const harness = await newHarness();
        const first = await harness.start(rows, share);
        await first.queue.admit(number, undefined);
        await perform(first, ["part released", "file failed", "part"]);
        const told = await checkpointOf(first, number);
        await first.close();
        const second = await (await newHarness()).start(rows, share);
        await second.queue.admit(number, told);
        // What failed was tried again in the meantime.
        await finishAll(second);
        const later = await checkpointOf(second, number);
        const states = newCheckpointStates(3);
        for (const place of [0, 1, 2]) writeCheckpointState(states, place, "done");
        const all = {
          ...later,
          states,
          open: [],
          failures: [],
          files: { ...later.files, done: 9, failed: 0 },
        };

        const again = await harness.resume({ retryFailed: "none" });
        await again.queue.admit(number, all);
        const { workItems: classes, files } = again.ledger.tally();
        expect(classes).toMatchObject({ elsewhere: 3, pending: 0, failed: 0 });
        expect(files).toMatchObject({ total: 9, uploaded: 0, failed: 0 });
        expect(files.copied + files.elsewhere).toBe(9);
        expect((await checkpointOf(again, number)).files).toMatchObject({ done: 9, total: 9 });
        expect(await (await harness.read()).announcements()).toMatchObject({ leftToRun: 0 });
        await again.close();
      },
    );

    it("of its own that a state gets back after a restart says nothing new", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(20), AUTO);
      await first.queue.admit(1, undefined);
      await perform(first, ["completed", "empty", "part", "file failed", "empty", "part released", "failed"]);
      const told = await checkpointOf(first, 1);
      expect(checkpointCounts(told).workItems).toMatchObject({ done: 3, empty: 2, failed: 2 });
      await first.close();
      const state = await harness.resume({ retryFailed: "none" });
      await state.queue.admit(1, told);
      const again = await checkpointOf(state, 1);
      expect(again).toEqual({ ...told, epoch: told.epoch + 1 });
      expect(state.ledger.tally().files.elsewhere).toBe(0);
    });

    it("of its own leaves work items without files to be looked up again, and counts them once", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(4));
      await first.queue.admit(0, undefined);
      await perform(first, ["completed", "empty", "empty"]);
      const told = await checkpointOf(first);
      await first.close();
      const state = await harness.resume({});
      await state.queue.admit(0, told);
      expect(state.ledger.tally().workItems).toMatchObject({ completed: 1, elsewhere: 0, pending: 3 });
      await perform(state, ["empty", "completed", "nothing"]);
      const again = checkpointCounts(await checkpointOf(state)).workItems;
      expect(again).toMatchObject({ done: 3, empty: 1 });
    });

    it("that tells what the filter left out adds it once, and what is done elsewhere is not counted twice", async () => {
      const filter = { ...AUTO, filter: '--exclude "*.tmp"' };
      const rows = inPartition(30, 0);
      const other = await (await newHarness()).start(rows, filter);
      const leaveOut = async (state: OpenState, leftOut: number, isFinished: boolean) => {
        const { id } = await claimOne(state);
        recordAll(state, { ...eventsOf(id).opened(0), leftOut } as StateEvent);
        if (isFinished) recordAll(state, eventsOf(id).finished("completed"));
      };
      await other.queue.admit(0, undefined);
      await leaveOut(other, 7, true);
      const early = await checkpointOf(other);
      await leaveOut(other, 5, true);
      const late = await checkpointOf(other);
      expect(late.files.leftOut).toBe(12);

      const here = await (await newHarness()).start(rows, filter);
      await here.queue.admit(0, early);
      expect(here.ledger.tally().files.leftOut).toBe(7);
      // Begun here, and done by the other one meanwhile.
      await leaveOut(here, 5, false);
      here.queue.release([(await claimSome(here, 1))[0]?.id ?? 0]);
      await here.queue.admit(0, { ...early, epoch: 5 });
      expect((await checkpointOf(here)).files.leftOut).toBe(7);
      await here.queue.withdraw(0, new Error("given back"));
      await here.queue.admit(0, { ...late, epoch: 9 });
      expect((await checkpointOf(here)).files.leftOut).toBe(12);
    });

    it("that comes again changes nothing but the epoch", async () => {
      const first = await (await newHarness()).start(workItems(7));
      await perform(first, ["completed", "part", "file failed", "empty", "part released", "failed"]);
      const told = await checkpointOf(first);
      const state = await (await newHarness()).start(workItems(7));
      await state.queue.admit(0, told);
      const [once, tally] = [await checkpointOf(state), state.ledger.tally()];
      await state.queue.admit(0, told);
      expect(await checkpointOf(state)).toEqual({ ...once, epoch: once.epoch + 1 });
      expect(state.ledger.tally()).toEqual(tally);
    });

    it("never takes back what is done here; what else it says counts when it is later", async () => {
      const first = await (await newHarness()).start(workItems(3));
      const early = await checkpointOf(first);
      await perform(first, ["failed", "completed"]);
      const late = await checkpointOf(first);

      const state = await (await newHarness()).start(workItems(3));
      await state.queue.admit(0, undefined);
      await perform(state, ["completed", "failed"]);
      // The same epoch: its failure of the first is older news, its completion of the second stands.
      await state.queue.admit(0, { ...late, epoch: 1 });
      expect(state.ledger.tally().workItems).toMatchObject({
        completed: 1,
        elsewhere: 1,
        failed: 0,
        pending: 1,
      });
      await state.queue.admit(0, { ...early, epoch: 9 });
      expect(state.ledger.tally().workItems).toMatchObject({
        completed: 1,
        elsewhere: 1,
        failed: 0,
        pending: 1,
      });
      expect((await checkpointOf(state)).epoch).toBe(10);
      const failed = { ...late, epoch: 20, states: Uint8Array.of(0b100000) };
      await state.queue.admit(0, failed);
      expect(state.ledger.tally().workItems).toMatchObject({
        completed: 1,
        elsewhere: 1,
        failed: 1,
        pending: 0,
      });
    });

    it("leaves work items in progress to their holder", async () => {
      const first = await (await newHarness()).start(workItems(1));
      await completeOne(first, FILES);
      const told = await checkpointOf(first);
      const state = await (await newHarness()).start(workItems(1));
      const { id } = await claimOne(state);
      await state.queue.admit(0, told);
      expect(state.ledger.tally().workItems).toMatchObject({ in_progress: 1, elsewhere: 0 });
      recordAll(state, eventsOf(id).finished("empty"));
      expect(sumOfWorkItems(state)).toBe(1);
    });

    it("holds nothing that is not committed", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const { id } = await claimOne(state);
      await state.ledger.committed();
      recordAll(state, eventsOf(id).finished("empty"));
      const told = await state.ledger.checkpoint(0, noSignal);
      expect(checkpointCounts(told).workItems.done).toBe(0);
    });

    it("is not made once the signal is aborted", async () => {
      const state = await (await newHarness()).start(workItems(1));
      const signal = AbortSignal.abort(new Error("stop"));
      await expect(state.ledger.checkpoint(0, { signal })).rejects.toThrow("stop");
    });
  });
}
