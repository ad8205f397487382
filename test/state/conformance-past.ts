import { describe, expect, it } from "vitest";
import type { FileFilter, FileRow } from "../../src/state/past.ts";
import type { StateReader } from "../../src/state/state-reader.ts";
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

async function rows({ past }: StateReader, filter: FileFilter = {}): Promise<FileRow[]> {
  const found: FileRow[] = [];
  for await (const batch of past.files(filter, noSignal)) found.push(...batch);
  return found;
}

const short = ({ workItem: { workItemId }, fileName, outcome, code }: FileRow): string =>
  [workItemId, fileName?.replace("results/", ""), outcome, code].filter(Boolean).join(" ");

const MD5 = "1B2M2Y8AsgTpgAmY7PhCfg==";

/** One work item with a file of each outcome, one that failed as a whole, one that is empty, one that is pending. */
async function mixedState(harness: StateHarness) {
  const state = await harness.start(workItems(4));
  const events = eventsOf((await claimOne(state)).id);
  recordAll(
    state,
    events.opened(6, "shown"),
    events.uploaded(file(0), { bytes: 7, attempts: 3, contentMd5: MD5 }),
    events.completed(file(0)),
    events.uploaded(file(1), { alreadyThere: true }),
    events.completed(file(1), false),
    events.uploaded(file(2)),
    events.failed(file(3), { ...failure("timeout"), attempts: 8, requestId: "r-1" }),
    events.skipped(file(4)),
  );
  recordAll(state, eventsOf((await claimOne(state)).id).finished("failed", failure("catalog-error")));
  const empty = eventsOf((await claimOne(state)).id);
  recordAll(state, empty.opened(0), empty.finished("empty"));
  await state.ledger.committed();
  return state;
}

/** What a state keeps of what happened. */
export function describePast(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the files of a state (${kind})`, () => {
    it("are listed by work item, each with its outcome; a work item of no known file has one row", async () => {
      const harness = await newHarness();
      await mixedState(harness);
      const found = await rows(await harness.read());
      expect(found.map(short)).toEqual([
        "item-0 file-0.json copied",
        "item-0 file-1.json already-there",
        "item-0 file-2.json uploaded",
        "item-0 file-3.json failed timeout",
        "item-0 file-4.json skipped name-collision",
        "item-1 failed catalog-error",
        "item-2 empty",
        "item-3 pending",
      ]);
      expect(found[0]).toMatchObject({
        workItem: { ...workItem(0), workItemName: "shown" },
        bytes: 7,
        attempts: 3,
        contentMd5: MD5,
        blobName: undefined,
      });
      expect(Date.now() - (found[0]?.announcedAt ?? 0)).toBeLessThan(60_000);
      expect(found[1]).toMatchObject({ announcedAt: undefined, contentMd5: undefined });
      expect(found[3]).toMatchObject({ message: "it failed", requestId: "r-1", attempts: 8 });
    });

    it("are those of one work item, or of some outcomes, when only these are asked for", async () => {
      const harness = await newHarness();
      await mixedState(harness);
      const reader = await harness.read();
      const failed = await rows(reader, { outcomes: new Set(["failed", "empty"]) });
      expect(failed.map(short)).toEqual([
        "item-0 file-3.json failed timeout",
        "item-1 failed catalog-error",
        "item-2 empty",
      ]);
      expect((await rows(reader, { workItemId: "item-2" })).map(short)).toEqual(["item-2 empty"]);
      expect(await rows(reader, { workItemId: "item-9" })).toEqual([]);
    });

    it("have the MD5 of the try that succeeded, also after an earlier start", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(1));
      const before = eventsOf((await claimOne(first)).id);
      recordAll(
        first,
        before.opened(2),
        before.uploaded(file(0), { contentMd5: MD5 }),
        before.failed(file(1)),
      );
      await first.close();
      const second = await harness.resume();
      const again = eventsOf((await claimOne(second)).id);
      recordAll(
        second,
        again.opened(2),
        again.completed(file(0)),
        again.uploaded(file(1), { contentMd5: MD5 }),
      );
      await second.ledger.committed();
      recordAll(second, again.completed(file(1)), again.finished("completed"));
      await second.close();
      const found = await rows(await harness.read());
      expect(found.map(({ outcome, contentMd5 }) => `${outcome} ${contentMd5}`)).toEqual([
        `copied ${MD5}`,
        `copied ${MD5}`,
      ]);
    });

    it("end when the signal says so", async () => {
      const harness = await newHarness();
      await mixedState(harness);
      const { past } = await harness.read();
      const files = past.files({}, { signal: AbortSignal.abort(new Error("enough")) });
      await expect(files[Symbol.asyncIterator]().next()).rejects.toThrow("enough");
    });
  });

  describe(`the starts of a state (${kind})`, () => {
    it("are kept with what each of them did and how it ended", async () => {
      const harness = await newHarness();
      const first = await harness.start(workItems(2));
      const events = eventsOf((await claimOne(first)).id);
      recordAll(first, events.opened(2), events.uploaded(file(0)), events.completed(file(0)));
      recordAll(first, events.failed(file(1)), events.finished("failed"));
      first.presence.noteEnding({ exitCode: 130, why: "Ctrl+C" });
      await first.close();
      const second = await harness.resume();
      await completeOne(second, 2);
      const { past } = await harness.read();
      expect(await past.starts()).toMatchObject([
        { number: 1, exitCode: 130, why: "Ctrl+C", files: 2, failed: 1, bytes: 1_000 },
        { number: 2, endedAt: undefined, exitCode: undefined },
      ]);
      await second.close();
      const [one, two] = await past.starts();
      expect(two).toMatchObject({ number: 2, exitCode: undefined, failed: 0 });
      expect(one?.endedAt).toBeGreaterThanOrEqual(one?.beganAt ?? Number.NaN);
      expect(two?.endedAt).toBeGreaterThanOrEqual(two?.beganAt ?? Number.NaN);
    });

    it("leave the work items that took longest", async () => {
      const harness = await newHarness();
      const state = await harness.start(workItems(3));
      await completeOne(state, 2);
      await completeOne(state, 1);
      await claimOne(state);
      await state.ledger.committed();
      const longest = await (await harness.read()).past.longest(5);
      expect(longest.map(({ status, filesTotal }) => `${status} ${filesTotal}`).toSorted()).toEqual([
        "completed 1",
        "completed 2",
      ]);
      expect(await (await harness.read()).past.longest(1)).toHaveLength(1);
    });
  });
}
