import { rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gatherReport } from "../../src/job/report.ts";
import { OpenStates } from "../../src/job/states.ts";
import { fullReportJson } from "../../src/report/full-report-json.ts";
import { fullVerdict } from "../../src/report/full-report.ts";
import { reportPage } from "../../src/report/page/page.ts";
import { STATES } from "../../src/state/wiring.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { makeLargeState } from "../support/large-state.ts";
import {
  claimOne,
  completeOne,
  csvOf,
  DESCRIPTION,
  eventsOf,
  noSignal,
  workItems,
} from "../state/samples.ts";
import { openState, temporaryFolder } from "../state/state-support.ts";

const REQUEST = { tool: "1.0.0", resumeCommand: (stateDb: string) => `resume ${stateDb}` };

async function reportOf(folder: string, ...names: string[]) {
  using states = await OpenStates.open(names, { env: {}, cwd: folder });
  return await gatherReport(states, REAL_SURROUNDINGS, REQUEST);
}

describe("the report of a state", () => {
  it("is under way while a process works on it, and names what is open the longest", async () => {
    const folder = await temporaryFolder();
    const state = await openState(join(folder, "a.db"), csvOf(workItems(3)));
    await completeOne(state, 2);
    const claim = await claimOne(state);
    state.ledger.record(eventsOf(claim.id).opened(5));
    await state.ledger.committed();
    const report = await reportOf(folder, "a.db");
    expect(fullVerdict(report)).toBe("under-way");
    expect(report.starts).toMatchObject([{ number: 1, end: "running", endedAt: undefined }]);
    expect(report.longest.map(({ status }) => status).toSorted()).toEqual(["completed", "in_progress"]);
    expect(report.nextCommands).toEqual([]);
    expect(reportPage(report)).toContain("Under way");
    await STATES.snapshot(join(folder, "a.db"), join(folder, "copy.db"), noSignal);
    const copied = await reportOf(folder, "copy.db");
    expect(copied.starts).toMatchObject([{ number: 1, end: "copied" }]);
    expect([fullVerdict(copied), copied.nextCommands]).toEqual(["unfinished", ["resume copy.db"]]);
  });

  it("says which starts were killed", async () => {
    const folder = await temporaryFolder();
    makeLargeState(join(folder, "a.db"), { workItems: 5, filesEach: 1 });
    expect((await reportOf(folder, "a.db")).starts.map(({ end }) => end)).toEqual([
      "ended",
      "killed",
      "ended",
    ]);
  });

  it("is unfinished when it was stopped, and says how to go on", async () => {
    const folder = await temporaryFolder();
    const state = await openState(join(folder, "a.db"), csvOf(workItems(2)));
    await completeOne(state, 1);
    state.presence.noteEnding({ exitCode: 130, why: "Ctrl+C" });
    await state.close();
    const report = await reportOf(folder, "a.db");
    expect(fullVerdict(report)).toBe("unfinished");
    expect(report.nextCommands).toEqual(["resume a.db"]);
    // One of two partitions; nothing of the other is known.
    expect(fullReportJson(report)).toMatchObject({ missingPartitions: [1], rows: { total: 2, left: 1 } });
  });

  it("is completed when nothing is left and nothing failed", async () => {
    const folder = await temporaryFolder();
    const state = await openState(join(folder, "a.db"), csvOf(workItems(1)));
    await completeOne(state, 1);
    state.presence.noteEnding({ exitCode: 0, why: "finished" });
    await state.close();
    const report = await reportOf(folder, "a.db");
    expect([fullVerdict(report), report.nextCommands]).toEqual(["completed", []]);
    expect(reportPage(report)).not.toContain("What failed");
  });

  it("is refused for states that are not of one run, or given twice", async () => {
    const folder = await temporaryFolder();
    makeLargeState(join(folder, "a.db"), { workItems: 5, filesEach: 1, totalPartitions: 2 });
    makeLargeState(join(folder, "b.db"), { workItems: 5, filesEach: 1 });
    await expect(reportOf(folder, "a.db", "b.db")).rejects.toMatchObject({
      code: "identity-mismatch",
      exitCode: 3,
    });
    await expect(reportOf(folder, "a.db", "a.db")).rejects.toThrow(/same/);
  });

  it("takes a machine that took any partition for one that lacks none", async () => {
    const folder = await temporaryFolder();
    const identity = { ...DESCRIPTION.identity, partition: "auto", totalPartitions: 64 } as const;
    const description = { ...DESCRIPTION, identity };
    const state = await openState(join(folder, "a.db"), csvOf(workItems(3)), { description });
    await state.close();
    await rename(join(folder, "a.db"), join(folder, "b.db"));
    expect((await reportOf(folder, "b.db")).fleet.missingPartitions).toEqual([]);
  });
});
