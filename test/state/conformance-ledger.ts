import { describe, expect, it } from "vitest";
import { NO_WORK_ITEMS } from "../progress/samples.ts";
import type { StateEvent } from "../../src/state/ledger.ts";
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
  workItems,
} from "./samples.ts";

/** The facts of files and work items. */
export function describeLedger(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the ledger (${kind})`, () => {
    it("counts an event at once, and every file in one class", async () => {
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
      expect(store.ledger.tally()).toEqual({
        workItems: { ...NO_WORK_ITEMS, pending: 1, in_progress: 1 },
        notLookedUp: 1,
        notSurveyed: 1,
        files: {
          total: 6,
          copied: 1,
          alreadyThere: 1,
          elsewhere: 0,
          failed: 1,
          skipped: 1,
          uploaded: 1,
          announced: 1,
          duplicates: 0,
          leftOut: 0,
          shortened: 0,
          expected: 0,
        },
        drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
        bytes: 12,
      });
    });

    it("counts shortened names and dropped repetitions", async () => {
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
          place: 0,
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
          place: 1,
          bytes: undefined,
          alreadyThere: false,
          attempts: 1,
          blobName: "by/path",
          shortened: false,
        },
      );
      expect(store.ledger.tally().files).toMatchObject({ duplicates: 3, shortened: 1 });
    });

    it("counts what the filter leaves out, as the last lookup has it, in no class", async () => {
      const harness = await newHarness();
      const store = await harness.start(workItems(2), { filter: '--exclude "*.tmp"' });
      const leaveOut = (id: number, leftOut: number) =>
        ({ ...eventsOf(id).opened(0), leftOut }) as StateEvent;
      const first = await claimOne(store);
      recordAll(store, leaveOut(first.id, 7), eventsOf(first.id).finished("completed"));
      const second = await claimOne(store);
      recordAll(store, leaveOut(second.id, 5));
      expect(store.ledger.tally().files).toMatchObject({ total: 0, leftOut: 12 });
      await store.ledger.committed();
      // The second one is looked up again, by whoever goes on.
      expect((await store.ledger.checkpoint(0, noSignal)).files.leftOut).toBe(7);
      await harness.kill(store);
      const again = await harness.resume();
      const claim = await claimOne(again);
      recordAll(again, leaveOut(claim.id, 2), eventsOf(claim.id).finished("completed"));
      expect(again.ledger.tally().files.leftOut).toBe(9);
      await again.ledger.committed();
      expect((await again.ledger.checkpoint(0, noSignal)).files.leftOut).toBe(9);
      const reader = await harness.read();
      expect((await reader.read()).summary.files.leftOut).toBe(9);
      expect((await reader.history(first.workItem))?.filesLeftOut).toBe(7);
    });

    it("accounts for every work item and file at the end", async () => {
      const store = await (await newHarness()).start(workItems(4));
      await completeOne(store, 3);
      await completeOne(store, 0);
      const withFailure = eventsOf((await claimOne(store)).id);
      recordAll(store, withFailure.opened(1), withFailure.failed(file(0)), withFailure.finished("failed"));
      const lookupFailed = eventsOf((await claimOne(store)).id);
      store.ledger.record(lookupFailed.finished("failed", failure("catalog-error")));
      const { workItems: items, notLookedUp, files } = store.ledger.tally();
      expect(items).toEqual({ ...NO_WORK_ITEMS, completed: 1, empty: 1, failed: 2 });
      expect(notLookedUp).toBe(0);
      expect(files).toMatchObject({ total: 4, copied: 3, announced: 3, failed: 1 });
    });
  });

  it(`the ledger (${kind}) counts all failures and keeps five samples of each code, without secrets`, async () => {
    const store = await (await newHarness()).start(workItems(1));
    const events = eventsOf((await claimOne(store)).id);
    store.ledger.record(events.opened(8));
    for (let index = 0; index < 7; index++) {
      const message = `GET https://x/y?sig=SECRET${index} failed`;
      store.ledger.record(
        events.failed(file(index), { code: "network", message, attempts: 8, requestId: `r${index}` }),
      );
    }
    store.ledger.record(events.failed(file(7), failure("timeout")));
    const [network, timeout] = await store.ledger.failures();
    expect(network).toMatchObject({ code: "network", files: 7 });
    expect(network?.samples.map((sample) => sample.requestId)).toEqual(["r0", "r1", "r2", "r3", "r4"]);
    expect(JSON.stringify(network)).not.toContain("SECRET");
    expect(timeout).toMatchObject({ code: "timeout", files: 1 });
  });

  it(`the ledger (${kind}) changes its totals by the difference when a later lookup differs`, async () => {
    const harness = await newHarness();
    const store = await harness.start(workItems(1));
    const first = eventsOf((await claimOne(store)).id);
    recordAll(store, first.opened(3), first.uploaded(file(0)), first.completed(file(0)), first.released());
    await store.close();
    const resumed = await harness.resume();
    const claimed = await claimOne(resumed);
    const second = eventsOf(claimed.id);
    recordAll(resumed, second.opened(2), second.uploaded(file(1)), second.completed(file(1)));
    expect(resumed.ledger.tally().files).toMatchObject({ total: 2, copied: 2 });
    resumed.ledger.record(second.finished("completed"));
    expect(resumed.ledger.tally().workItems.completed).toBe(1);
  });

  it(`the ledger (${kind}) takes no event after the state is closed, and the state closes once`, async () => {
    const store = await (await newHarness()).start(workItems(1));
    await store.close();
    await store.close();
    expect(() => recordAll(store, eventsOf(1).released())).toThrow(/closed/);
    await expect(claimSome(store, 1)).rejects.toThrow(/closed/);
  });
}
