import { describe, expect, it } from "vitest";
import { fileKey } from "../../src/core/file.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import type { Heartbeat } from "../../src/state/run-presence.ts";
import type { RemainingWorkItem, StateReader } from "../../src/state/state-reader.ts";
import { describePast } from "./conformance-past.ts";
import type { StateHarness } from "./harness.ts";
import {
  claimOne,
  completeOne,
  eventsOf,
  failure,
  file,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "./samples.ts";

const HEARTBEAT: Heartbeat = {
  at: 1_800_000_000_000,
  slots: 200,
  slotsInUse: 7,
  openWorkItems: 2,
  retries: 3,
  throttles: 1,
  hedges: 2,
  waiting: [],
};

async function remaining(reader: StateReader): Promise<RemainingWorkItem[]> {
  const found: RemainingWorkItem[] = [];
  for await (const batch of reader.remaining(noSignal)) found.push(...batch);
  return found;
}

/** What others see of a state, and what a running process tells them. */
export function describeReader(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`a reader of a state (${kind})`, () => {
    it("sees a running start with its heartbeat, and later how it ended", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(2));
      const reader = await harness.read();
      expect(await reader.read()).toMatchObject({
        run: { runId: state.run.runId },
        starts: 1,
        writer: { kind: "running", pid: process.pid, heartbeat: undefined },
      });
      await completeOne(state, 2);
      state.presence.beat(HEARTBEAT);
      await state.ledger.committed();
      expect(await reader.read()).toMatchObject({
        summary: state.ledger.tally(),
        writer: { kind: "running", heartbeat: HEARTBEAT },
      });
      state.presence.noteEnding({ exitCode: 130, why: "Ctrl+C" });
      await state.close();
      expect(await reader.read()).toMatchObject({
        writer: { kind: "ended", ending: { exitCode: 130, why: "Ctrl+C" } },
      });
      await (await harness.resume()).close();
      expect(await reader.read()).toMatchObject({ starts: 2, writer: { kind: "ended", ending: undefined } });
      reader.close();
    });

    it("lists what is not done, in input order, with the codes of what failed", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(5));
      await completeOne(state, 1);
      const mixed = eventsOf((await claimOne(state)).id);
      recordAll(state, mixed.opened(2), mixed.failed(file(0), failure("timeout")), mixed.failed(file(1)));
      recordAll(state, mixed.finished("failed"));
      recordAll(state, eventsOf((await claimOne(state)).id).finished("failed", failure("catalog-error")));
      await completeOne(state, 0);
      await state.ledger.committed();
      expect(await remaining(await harness.read())).toEqual([
        { ...workItem(1), hasFailed: true, failedWith: ["source-not-found", "timeout"] },
        { ...workItem(2), hasFailed: true, failedWith: ["catalog-error"] },
        { ...workItem(4), hasFailed: false, failedWith: [] },
      ]);
    });

    it("lists the work items in progress, first those that were opened first", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(3));
      for (let index = 0; index < 3; index++) {
        const events = eventsOf((await claimOne(state)).id);
        recordAll(state, events.opened(3), events.failed(file(0)));
      }
      await state.ledger.committed();
      expect(await (await harness.read()).slowest(2)).toMatchObject([
        { workItem: workItem(0), filesTotal: 3, filesDone: 1 },
        { workItem: workItem(1), filesTotal: 3, filesDone: 1 },
      ]);
    });

    it("counts the announcements that are owed", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const events = eventsOf((await claimOne(state)).id);
      recordAll(
        state,
        events.opened(4),
        ...[0, 1, 2].map((index) => events.uploaded(file(index), { alreadyThere: index === 0 })),
        events.completed(file(0), false),
        events.completed(file(1)),
      );
      await state.ledger.committed();
      expect(await (await harness.read()).announcements()).toEqual({
        owed: 1,
        owedExisting: 1,
        announced: 1,
        again: 0,
        leftToRun: 1,
      });
    });
  });

  describe(`the completed work items (${kind})`, () => {
    it("are those that came to their end here, and on request only those since a time", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(4));
      await completeOne(state, 1);
      const failing = await claimOne(state);
      const failed = eventsOf(failing.id);
      recordAll(state, failed.opened(1), failed.failed(file(0)), failed.finished("failed"));
      await completeOne(state, 1);
      await state.ledger.committed();
      const reader = await harness.read();
      const completed = async (since?: number) => {
        const found: WorkItem[] = [];
        for await (const some of reader.completed({ since, ...noSignal })) found.push(...some);
        return found;
      };
      expect(await completed()).toEqual([workItem(0), workItem(2)]);
      expect(await completed(state.start.startedAt)).toHaveLength(2);
      expect(await completed(state.start.startedAt + 3_600_000)).toEqual([]);
    });
  });

  describePast(kind, newHarness);

  describe(`the history of a work item (${kind})`, () => {
    it("holds every failed try at its files over all starts, also when a later try succeeded", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      const before = eventsOf((await claimOne(first)).id);
      recordAll(
        first,
        before.opened(3),
        before.failed(file(0), { code: "timeout", message: "GET ?sig=SECRET", attempts: 8, requestId: "r1" }),
        before.uploaded(file(1)),
        before.completed(file(1)),
        before.uploaded(file(2), { attempts: 4 }),
        before.completed(file(2)),
        before.finished("failed"),
      );
      await first.close();
      const second = await harness.resume();
      const again = eventsOf((await claimOne(second)).id);
      recordAll(
        second,
        again.opened(3),
        again.uploaded(file(0)),
        again.failed(file(0), failure("queue-unavailable")),
      );
      recordAll(second, again.finished("failed"));
      await second.close();
      const third = await harness.resume();
      const last = eventsOf((await claimOne(third)).id);
      recordAll(third, last.opened(3), last.completed(file(0)), last.finished("completed"));
      await third.close();

      const history = await (await harness.read()).history(workItem(0));
      expect(history).toMatchObject({ workItem: workItem(0), status: "completed" });
      expect(JSON.stringify(history)).not.toContain("SECRET");
      expect(
        history?.files.map(({ fileName, status, attempts, tries }) => ({
          fileName,
          status,
          attempts,
          tries: tries.map(({ start, code }) => `${start} ${code}`),
        })),
      ).toEqual([
        {
          fileName: file(0).fileName,
          status: "completed",
          attempts: 8,
          tries: ["1 timeout", "2 queue-unavailable"],
        },
        { fileName: file(2).fileName, status: "completed", attempts: 4, tries: [] },
      ]);
      expect(history?.files[0]?.tries[0]).toMatchObject({ outcome: "failed", attempts: 8, requestId: "r1" });
    });

    it("keeps the first try and the newest nine of a file", async () => {
      const harness = await newHarness();
      let state = await harness.start(workItems(1));
      for (let start = 1; start <= 13; start++) {
        const events = eventsOf((await claimOne(state)).id);
        recordAll(state, events.opened(1), events.failed(file(0)), events.finished("failed"));
        await state.close();
        state = await harness.resume();
      }
      await state.close();
      const history = await (await harness.read()).history(workItem(0));
      expect(history?.files[0]?.tries.map(({ start }) => start)).toEqual([1, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    });

    it("tells of every file that was touched whether it came to its end and was announced", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(1));
      const events = eventsOf((await claimOne(state)).id);
      recordAll(
        state,
        events.opened(5),
        ...[0, 1, 2].map((index) => events.uploaded(file(index))),
        events.completed(file(0)),
        events.completed(file(1), false),
        events.failed(file(3)),
      );
      await state.ledger.committed();
      const recorded = (await (await harness.read()).history(workItem(0)))?.recorded;
      expect(
        recorded?.map(({ key, status, announced, elsewhere }) => ({ key, status, announced, elsewhere })),
      ).toEqual(
        [
          { status: "completed", announced: true },
          { status: "completed", announced: false },
          { status: "uploaded", announced: false },
          { status: "failed", announced: false },
        ].map((one, index) => ({ key: fileKey(file(index)), elsewhere: false, ...one })),
      );
    });

    it("is empty for a work item that is not in the state", async () => {
      const harness = await newHarness();
      await (await harness.start(workItems(1))).close();
      expect(await (await harness.read()).history(workItem(7))).toBeUndefined();
    });
  });
}
