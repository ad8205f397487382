import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { findRuns, removeRuns } from "../../src/job/run-folder.ts";
import { folderStatesJson } from "../../src/report/folder-states.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { folderStatesText } from "../../src/terminal/folder-states-text.ts";
import { claimOne, completeOne, csvOf, eventsOf, failure, workItems } from "../state/samples.ts";
import { openState, temporaryFolder } from "../state/state-support.ts";

const place = (cwd: string) => ({ env: {}, cwd, surroundings: REAL_SURROUNDINGS });
const WIDE = { width: Infinity, unicode: false, color: false };

/** A run that is done, one with a failure, one that was stopped, one at work, and files that are no states. */
async function makeFolder() {
  const folder = await temporaryFolder();
  const path = (name: string) => join(folder, name);
  const done = await openState(path("done.db"), csvOf(workItems(2)));
  await completeOne(done, 1);
  await completeOne(done, 1);
  done.presence.noteEnding({ exitCode: 0, why: "finished" });
  await done.close();
  const failed = await openState(path("failed.db"), csvOf(workItems(1)));
  failed.ledger.record(eventsOf((await claimOne(failed)).id).finished("failed", failure("catalog-error")));
  failed.presence.noteEnding({ exitCode: 1, why: "finished" });
  await failed.close();
  const stopped = await openState(path("stopped.db"), csvOf(workItems(2)));
  await completeOne(stopped, 1);
  stopped.presence.noteEnding({ exitCode: 130, why: "Ctrl+C" });
  await stopped.close();
  const limited = await openState(path("limited.db"), csvOf(workItems(2)));
  limited.presence.noteEnding({ exitCode: 0, why: "--limit 1" });
  await limited.close();
  await openState(path("running.db"), csvOf(workItems(1)));
  writeFileSync(path("notes.txt"), "SQLite format 3 is what I like");
  writeFileSync(path("done.rejected.csv"), "Line,Reason,Row\n");
  writeFileSync(path("done.listing-index"), "made anew when it is needed");
  mkdirSync(path("folder.db"));
  new DatabaseSync(path("other.sqlite")).exec("CREATE TABLE mine (x)");
  return { folder, path };
}

describe("the runs in a folder", () => {
  it("are its states, those at work last first, and nothing else", async () => {
    const { folder } = await makeFolder();
    const found = await findRuns(folder, place("/"));
    expect(found.states.map(({ name, kind }) => `${name} ${kind}`).toSorted()).toEqual([
      "done.db run",
      "failed.db run",
      "limited.db run",
      "running.db run",
      "stopped.db run",
    ]);
    expect(found.states[0]?.name).toBe("running.db");
    const text = folderStatesText(found, WIDE).join("\n");
    expect(text).toMatch(/done\.db +done +\d+ m?s ago +2 of 2 +0 /);
    expect(text).toMatch(/failed\.db +done, with failures/);
    expect(text).toMatch(/stopped\.db +stopped: Ctrl\+C .* 1 of 2/);
    expect(text).toMatch(new RegExp(`running\\.db +running \\(pid ${process.pid}\\)`));
    expect(folderStatesJson(found)).toMatchObject({ type: "states", folder });
  });

  it("show a state of the original tool as what import-state takes over", async () => {
    const { folder, path } = await makeFolder();
    using old = new DatabaseSync(path("old.db"));
    old.exec("CREATE TABLE workitems (x); CREATE TABLE files (x)");
    const found = await findRuns(folder, place("/"));
    const line = folderStatesText(found, WIDE).find((one) => one.startsWith("old.db"));
    expect(line).toBe("old.db: a state of the original tool: reupload import-state takes it over");
    expect(folderStatesJson(found)).toMatchObject({
      states: expect.arrayContaining([
        { stateDb: "old.db", problem: expect.stringContaining("was written by the original") as string },
      ]) as unknown[],
    });
  });

  it("show a state that cannot be read, with the reason", async () => {
    const { folder, path } = await makeFolder();
    using db = new DatabaseSync(path("done.db"));
    db.exec("PRAGMA user_version = 99");
    const { states } = await findRuns(folder, place("/"));
    expect(states.find(({ name }) => name === "done.db")).toMatchObject({
      kind: "unreadable",
      problem: expect.stringContaining("schema version 99") as string,
    });
  });

  it("cannot be found in a folder that is not there", async () => {
    await expect(findRuns("nowhere", place("/"))).rejects.toMatchObject({ code: "usage", exitCode: 2 });
  });
});

describe("the removal of runs", () => {
  it("removes those that are finished, with what was made from them, and says what is left", async () => {
    const { folder, path } = await makeFolder();
    const found = await findRuns(basename(folder), place(join(folder, "..")));
    const removed = removeRuns(found, ["done.db", "failed.db"], place(join(folder, "..")));
    expect(removed).toEqual([
      { name: "done.db", left: ["done.rejected.csv"] },
      { name: "failed.db", left: [] },
    ]);
    expect([existsSync(path("done.db")), existsSync(path("done.listing-index"))]).toEqual([false, false]);
    expect((await findRuns(folder, place("/"))).states).toHaveLength(3);
  });

  it.each([
    ["stopped.db", "state-unfinished", "1 of 2 work items are left"],
    ["limited.db", "state-unfinished", "2 of 2 work items are left"],
    ["running.db", "state-locked", `process ${process.pid}`],
    ["notes.txt", "usage", "no state with the name notes.txt"],
    ["../done.db", "usage", "no state with the name"],
  ])("refuses %s, and then removes nothing at all", async (name, code, message) => {
    const { folder, path } = await makeFolder();
    const found = await findRuns(folder, place("/"));
    expect(() => removeRuns(found, ["done.db", name], place("/"))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
    expect(existsSync(path("done.db"))).toBe(true);
  });

  it("refuses a run that began since the folder was looked at", async () => {
    const { folder, path } = await makeFolder();
    const found = await findRuns(folder, place("/"));
    await openState(path("done.db"), csvOf(workItems(2)));
    expect(() => removeRuns(found, ["done.db"], place("/"))).toThrow(
      expect.objectContaining({ code: "state-locked" }),
    );
    expect(existsSync(path("done.db"))).toBe(true);
  });
});
