import { describe, expect, it } from "vitest";
import type { OpenState } from "../../src/state/state-kind.ts";
import type { StateHarness } from "./harness.ts";
import { claimOne, eventsOf, file, recordAll, workItems } from "./samples.ts";

/** The moves that `core/states.ts` and the facts forbid. */
export function describeMoves(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the ledger (${kind})`, () => {
    const cases: Record<string, (events: ReturnType<typeof eventsOf>, store: OpenState) => void> = {
      "a file before its work item was opened": (events, store) =>
        store.ledger.record(events.uploaded(file(0))),
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

    it.each(Object.keys(cases))(
      "refuses an impossible move as an internal error, and changes nothing: %s",
      async (name) => {
        const store = await (await newHarness()).start(workItems(1));
        const events = eventsOf((await claimOne(store)).id);
        expect(() => cases[name]?.(events, store)).toThrow(expect.objectContaining({ code: "internal" }));
        const { workItems: items, files } = store.ledger.tally();
        const { pending, in_progress: open, completed, empty, failed } = items;
        expect(pending + open + completed + empty + failed).toBe(1);
        const inClasses = files.copied + files.failed + files.skipped + files.uploaded;
        expect(inClasses).toBeLessThanOrEqual(files.total);
        await store.ledger.committed();
      },
    );

    it("refuses an event of a work item that is not claimed", async () => {
      const store = await (await newHarness()).start(workItems(1));
      expect(() => store.ledger.record(eventsOf(1).opened(1))).toThrow(/not claimed/);
    });
  });
}
