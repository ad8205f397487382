import { copyFileSync, existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePartition } from "../../../src/core/partition.ts";
import { checkOriginalStates, readOriginalStates } from "../../../src/state/original/read-original-states.ts";
import type { OriginalStates } from "../../../src/state/original-states.ts";
import {
  openOriginalState,
  type OriginalFileRow,
  type OriginalWorkItemRow,
  writeOriginalState,
} from "../../support/original-state.ts";
import { csvOf } from "../samples.ts";
import { openState } from "../state-support.ts";

const { signal } = new AbortController();
const WHOLE = { partition: 0, totalPartitions: 1 };

const item = (id: string, status: string, job = "j"): OriginalWorkItemRow => ({
  workitem_id: id,
  job_id: job,
  status,
});
const file = (
  id: string,
  name: string,
  status: string,
  more: Partial<OriginalFileRow> = {},
): OriginalFileRow => ({
  workitem_id: id,
  job_id: "j",
  filename: name,
  source_uri: `https://a.example/c/${id}/${name}?sig=SECRET`,
  status,
  ...more,
});
const completed = (id: string, ...names: string[]) =>
  names.map((fileName) => ({ fileName, uri: `https://a.example/c/${id}/${fileName}` }));

let folder: string;
let opened: OriginalStates[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-original-"));
  opened = [];
});
afterEach(async () => {
  for (const states of opened) await states.close();
  await rm(folder, { recursive: true });
});

const path = (name: string): string => join(folder, name);
const scratch = (): string => path("new.import");

async function read(names: readonly string[], share = WHOLE): Promise<OriginalStates> {
  const states = await readOriginalStates(names.map(path), share, { scratch: scratch(), signal });
  opened.push(states);
  return states;
}

const find = (states: OriginalStates, workItemId: string, jobId = "j") => {
  const found = states.find({ jobId, workItemId });
  return (
    found && { ...found, completed: found.completed.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1)) }
  );
};

describe("states of the original tool", () => {
  it("tell completed files, and which work items they call completed", async () => {
    writeOriginalState(
      path("old.db"),
      [item("1", "completed"), item("2", "in_progress"), item("3", "failed"), item("4", "pending")],
      [
        file("1", "a.json", "completed"),
        file("1", "b.json", "in_progress"),
        file("2", "a.json", "completed"),
        file("2", "b.json", "failed"),
        file("2", "c.json", "pending"),
      ],
    );
    const states = await read(["old.db"]);
    expect(find(states, "1")).toEqual({ completed: completed("1", "a.json"), saidCompleted: true });
    expect(find(states, "2")).toEqual({ completed: completed("2", "a.json"), saidCompleted: false });
    expect(find(states, "3")).toEqual({ completed: [], saidCompleted: false });
    expect(find(states, "5")).toBeUndefined();
    expect(find(states, "1", "other")).toBeUndefined();
    expect(states.counts).toEqual({
      workItems: 4,
      otherPartitions: 0,
      completedFiles: 2,
      stuckWorkItems: 1,
      stuckFiles: 1,
      unusableRows: 0,
    });
  });

  it("count as one state: the best of what several say of the same thing holds", async () => {
    writeOriginalState(
      path("one.db"),
      [item("1", "in_progress"), item("2", "in_progress")],
      [
        file("1", "a.json", "in_progress"),
        file("1", "b.json", "completed"),
        file("2", "a.json", "in_progress"),
      ],
    );
    writeOriginalState(
      path("two.db"),
      [item("1", "completed")],
      // Another SAS, and the same file twice: the tool did not keep them apart.
      [
        file("1", "a.json", "completed"),
        file("1", "b.json", "completed", { source_uri: "https://a.example/c/1/b.json?sig=OTHER" }),
        file("1", "b.json", "failed"),
      ],
    );
    const states = await read(["one.db", "two.db", "one.db"]);
    expect(find(states, "1")).toEqual({ completed: completed("1", "a.json", "b.json"), saidCompleted: true });
    expect(states.counts).toMatchObject({
      workItems: 2,
      completedFiles: 2,
      stuckWorkItems: 1,
      stuckFiles: 1,
    });
  });

  it("are read for one partition alone", async () => {
    const ids = Array.from({ length: 40 }, (_, i) => String(i));
    writeOriginalState(
      path("old.db"),
      ids.map((id) => item(id, "completed")),
      ids.map((id) => file(id, "a.json", "completed")),
    );
    const ours = ids.filter((id) => choosePartition(id, 3) === 1);
    const states = await read(["old.db"], { partition: 1, totalPartitions: 3 });
    expect(ids.filter((id) => find(states, id) !== undefined)).toEqual(ours);
    expect(states.counts).toMatchObject({
      workItems: ours.length,
      otherPartitions: ids.length - ours.length,
      completedFiles: ours.length,
    });
  });

  it("may lack columns and values: jobs come from the work items, links need not be known", async () => {
    const db = new DatabaseSync(path("old.db"));
    db.exec(`
      CREATE TABLE workitems (workitem_id INTEGER, job_id TEXT, status TEXT);
      CREATE TABLE files (workitem_id INTEGER, filename TEXT, status TEXT);
      INSERT INTO workitems VALUES (7, 'j', 'COMPLETED'), (8, 'j', 'completed'), (8, 'k', 'completed'), (9, NULL, 'pending');
      INSERT INTO files VALUES (7, 'a.json', 'completed'), (8, 'a.json', 'completed'), (NULL, 'b.json', 'completed'),
        (7, NULL, 'completed'), (7, 'c.json', NULL);
    `);
    db.close();
    const states = await read(["old.db"]);
    expect(find(states, "7")).toEqual({
      completed: [{ fileName: "a.json", uri: undefined }],
      saidCompleted: true,
    });
    expect(find(states, "8", "k")).toEqual({ completed: [], saidCompleted: true });
    expect(states.counts).toMatchObject({ workItems: 3, completedFiles: 1, unusableRows: 4 });
  });

  it.each([
    ["a write-ahead log", "WAL", "-wal"],
    ["a rollback journal", "DELETE", "-journal"],
  ])("are read with %s that a killed tool left, and stay as they are", async (_what, mode, suffix) => {
    writeOriginalState(path("live.db"), [item("1", "in_progress")], [file("1", "a.json", "completed")]);
    const db = openOriginalState(path("live.db"), [], []);
    db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_spill = 1`);
    if (mode === "DELETE") db.exec("PRAGMA cache_size = 1; BEGIN; UPDATE files SET status = 'failed'");
    const put = db.prepare(
      "INSERT INTO files (workitem_id, job_id, filename, status) VALUES ('1', 'j', ?, 'completed')",
    );
    if (mode === "WAL") db.exec("BEGIN");
    for (let i = 0; i < 500; i++) put.run(`more-${i}.json`);
    if (mode === "WAL") db.exec("COMMIT");
    // As it stands on the disk when the process dies.
    for (const end of ["", suffix]) copyFileSync(path(`live.db${end}`), path(`old.db${end}`));
    db.close();
    await chmod(path("old.db"), 0o400);
    const before = await readFile(path("old.db"));
    checkOriginalStates([path("old.db")]);
    const states = await read(["old.db"]);
    // What was not committed is rolled back.
    expect(find(states, "1")?.completed).toHaveLength(mode === "WAL" ? 501 : 1);
    await states.close();
    expect(existsSync(scratch())).toBe(false);
    expect((await readdir(folder)).filter((name) => name.startsWith("old.db"))).toEqual([
      "old.db",
      `old.db${suffix}`,
    ]);
    expect(await readFile(path("old.db"))).toEqual(before);
  });

  it("are told from files that are no such state", async () => {
    await writeFile(path("text.db"), "not a database, but long enough to be looked at\n".repeat(20));
    new DatabaseSync(path("tables.db")).exec("CREATE TABLE files (workitem_id, filename)");
    new DatabaseSync(path("none.db")).exec("CREATE TABLE other (x)");
    const store = await openState(path("ours.db"), csvOf([]));
    await store.close();
    const refusals = [
      ["missing.db", "state-missing", "no state of the original tool"],
      ["text.db", "state-foreign", "not an SQLite database"],
      ["tables.db", "state-foreign", "has no status"],
      ["none.db", "state-foreign", "no table files"],
      ["ours.db", "state-foreign", "a state of this reupload"],
    ] as const;
    for (const [name, code, message] of refusals) {
      const check = () => checkOriginalStates([path(name)]);
      expect(check, name).toThrowError(expect.objectContaining({ code }));
      expect(check, name).toThrow(message);
    }
  });

  it("are refused when they are damaged inside, and nothing is left behind", async () => {
    writeOriginalState(
      path("old.db"),
      [item("1", "completed")],
      Array.from({ length: 500 }, (_, i) => file("1", `${i}.json`, "completed")),
    );
    const bytes = await readFile(path("old.db"));
    bytes.fill(0xff, 4 * 4096, 6 * 4096);
    await writeFile(path("old.db"), bytes);
    await expect(read(["old.db"])).rejects.toMatchObject({ code: "state-corrupt" });
    expect(await readdir(folder)).toEqual(["old.db"]);
  });

  it("are read no further once the signal is aborted", async () => {
    writeOriginalState(
      path("old.db"),
      [],
      Array.from({ length: 6000 }, (_, i) => file("1", `${i}.json`, "completed")),
    );
    const reason = new Error("stopped by the test");
    const reading = readOriginalStates([path("old.db")], WHOLE, {
      scratch: scratch(),
      signal: AbortSignal.abort(reason),
    });
    await expect(reading).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual(["old.db"]);
  });
});
