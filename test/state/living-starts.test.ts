/** What a start that goes on holds is its own, whoever resumes the state meanwhile. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openForReading, openForWriting } from "../../src/state/sqlite/database.ts";
import { readRun } from "../../src/state/sqlite/inspect.ts";
import { resumeRun } from "../../src/state/sqlite/resume-run.ts";
import { MemoryKind } from "../support/memory-kind.ts";
import { claimOne, claimSome, csvOf, DESCRIPTION, noSignal, workItem, workItems } from "./samples.ts";
import { openState, temporaryFolder } from "./state-support.ts";

const OPTIONS = { location: "shared", resume: true, updateCsv: false, retryFailed: "all" } as const;

describe("a start that resumes a state", () => {
  it("leaves what a living start holds, and takes what a dead one held", async () => {
    const kind = new MemoryKind(true);
    const dead = await kind.open(OPTIONS, DESCRIPTION, csvOf(workItems(3)), noSignal);
    await claimOne(dead);
    await dead.close();
    const living = await kind.open(OPTIONS, DESCRIPTION, undefined, noSignal);
    const held = await claimOne(living);
    expect(held.workItem).toEqual(workItem(0));
    const third = await kind.open(OPTIONS, DESCRIPTION, undefined, noSignal);
    expect(third.ledger.tally().workItems).toMatchObject({ in_progress: 1, pending: 2 });
    expect((await claimSome(third, 9)).map((claim) => claim.workItem)).toEqual([workItem(1), workItem(2)]);
  });

  it("tells them apart on SQLite, too, by the number of the start that holds a work item", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const first = await openState(path, csvOf(workItems(3)));
    await claimSome(first, 2);
    await first.close();
    const resume = async (living: readonly number[]): Promise<unknown[]> => {
      using db = openForWriting(path);
      const run = readRun(db, path);
      if (run === undefined) throw new Error("no run");
      const options = { updateCsv: false, retryFailed: "all", settings: {}, living } as const;
      await resumeRun(db, run, undefined, options, noSignal.signal);
      using reading = openForReading(path);
      return reading.prepare("SELECT status, holder FROM work_item ORDER BY id").all();
    };
    const held = { status: 1, holder: 1 };
    const pending = { status: 0, holder: null };
    expect(await resume([7, 1])).toEqual([held, held, pending]);
    expect(await resume([7])).toEqual([pending, pending, pending]);
  });
});
