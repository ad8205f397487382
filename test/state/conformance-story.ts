import { describe, expect, it } from "vitest";
import type { Incident } from "../../src/core/incident.ts";
import type { StateHarness } from "./harness.ts";
import { claimOne, eventsOf, failure, file, workItem, workItems } from "./samples.ts";

const incident = (at: number): Incident => ({
  at,
  kind: "repeated",
  what: "put blob",
  status: 503,
  code: "ServerBusy",
  requestId: `r${at}`,
  waitedMs: 400,
});

/** What a reader tells of one work item or file, and how it is found. */
export function describeStory(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`what kept a file from succeeding at once (${kind})`, () => {
    it("is kept over starts, the first five and the newest fifteen, and nothing of a file that succeeded at once", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const claim = await claimOne(state);
      const events = eventsOf(claim.id);
      state.ledger.record(events.opened(2));
      state.ledger.record(events.uploaded(file(0)));
      state.ledger.record({
        ...events.failed(file(0)),
        incidents: Array.from({ length: 12 }, (_, at) => incident(at)),
      } as never);
      state.ledger.record(events.uploaded(file(1)));
      state.ledger.record(events.completed(file(1)));
      state.ledger.record(events.finished("failed"));
      await state.close();
      const resumed = await harness.resume();
      const again = eventsOf((await claimOne(resumed)).id);
      resumed.ledger.record(again.opened(2));
      const more = Array.from({ length: 12 }, (_, at) => incident(100 + at));
      resumed.ledger.record({ ...again.completed(file(0)), incidents: more } as never);
      resumed.ledger.record(again.finished("completed"));
      await resumed.close();
      const history = await (await harness.read()).history(workItem(0));
      expect(history).toMatchObject({ status: "completed", filesTotal: 2, filesKnown: 2 });
      expect(history?.files).toHaveLength(1);
      const [first] = history?.files ?? [];
      expect(first).toMatchObject({ status: "completed", inTarget: true, announced: true });
      expect(first?.incidents.map(({ at, start }) => `${start}:${at}`)).toEqual(
        [0, 1, 2, 3, 4, 9, 10, 11].map((at) => `1:${at}`).concat(more.map(({ at }) => `2:${at}`)),
      );
      expect(first?.incidents[0]).toEqual({ ...incident(0), start: 1 });
    });

    it("is told with the file that is asked for, also when it succeeded at once", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const events = eventsOf((await claimOne(state)).id);
      for (const event of [events.opened(1), events.uploaded(file(0)), events.completed(file(0))]) {
        state.ledger.record(event);
      }
      await state.close();
      const history = await (await harness.read()).history(workItem(0), file(0).fileName);
      expect(history?.files).toMatchObject([
        { fileName: file(0).fileName, attempts: 1, tries: [], incidents: [] },
      ]);
    });
  });

  describe(`a name that is looked for (${kind})`, () => {
    it("is a work item's id or name, else a blob's, a file's, or the last part of one", async () => {
      const harness = await newHarness();
      const state = await harness.start([workItem(0, "night-run"), workItem(1)]);
      for (const name of ["night-run", ""]) {
        const claim = await claimOne(state);
        const events = eventsOf(claim.id);
        state.ledger.record(events.opened(2, name));
        state.ledger.record(events.uploaded(file(0)));
        state.ledger.record({
          ...events.uploaded(file(1)),
          blobName: `${claim.workItem.workItemId}-other`,
        } as never);
        state.ledger.record(events.failed(file(1), failure()));
      }
      await state.close();
      const reader = await harness.read();
      const found = async (name: string) =>
        (await reader.past.find(name, 9)).map(({ workItem: { workItemId }, fileName }) => [
          workItemId,
          fileName,
        ]);
      expect(await found("item-1")).toEqual([["item-1", undefined]]);
      expect(await found("night-run")).toEqual([["item-0", undefined]]);
      expect(await found("item-1-other")).toEqual([["item-1", file(1).fileName]]);
      expect(await found("night-run-file-0.json")).toEqual([["item-0", file(0).fileName]]);
      expect(await found("item-1-file-0.json")).toEqual([["item-1", file(0).fileName]]);
      const both = [
        ["item-0", file(0).fileName],
        ["item-1", file(0).fileName],
      ];
      expect(await found(file(0).fileName)).toEqual(both);
      expect(await found("file-0.json")).toEqual(both);
      expect(await reader.past.find("file-0.json", 1)).toHaveLength(1);
      expect(await found("nothing")).toEqual([]);
    });
  });
}
