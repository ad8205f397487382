/** What a state owes the queue: counted, given once, remembered. */
import { copyFileSync, existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AnnouncementStore } from "../../../src/state/announcements.ts";
import { ANNOUNCEMENT_SQL, openAnnouncements } from "../../../src/state/sqlite/announcements.ts";
import { migrate } from "../../../src/state/sqlite/migrations/migrations.ts";
import { readState } from "../../../src/state/sqlite/read-state.ts";
import type { StateEvent } from "../../../src/state/ledger.ts";
import { claimOne, csvOf, DESCRIPTION, eventsOf, file, recordAll, workItems } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const QUEUE = "resultsqueue";

/**
 * A state with one work item: three files completed without an announcement (the third was in the target before, the
 * second has a name of its own), two announced, one uploaded, one failed in the target, one failed outside of it.
 */
async function makeState(queue = "none", isAnnounced = true): Promise<string> {
  const path = join(await temporaryFolder(), "state.db");
  const description = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, queue } };
  const store = await openState(path, csvOf(workItems(1)), { description });
  const { id } = await claimOne(store);
  const events = eventsOf(id);
  const named: StateEvent = {
    kind: "file-uploaded",
    workItem: id,
    file: file(1),
    place: 1,
    bytes: 1,
    alreadyThere: false,
    attempts: 1,
    blobName: "own/name",
  };
  recordAll(
    store,
    events.opened(8, "shown"),
    events.uploaded(file(0)),
    events.completed(file(0), false),
    named,
    events.completed(file(1), false),
    events.uploaded(file(2), { alreadyThere: true }),
    events.completed(file(2), false),
    ...[3, 4].flatMap((n) => [events.uploaded(file(n)), events.completed(file(n), isAnnounced)]),
    events.uploaded(file(5)),
    events.uploaded(file(6)),
    events.failed(file(6)),
    events.failed(file(7)),
  );
  store.presence.noteEnding({ exitCode: 1, why: "finished" });
  await store.close();
  return path;
}

async function open(path: string, all = false, queue = QUEUE): Promise<AnnouncementStore> {
  const store = await openAnnouncements(REAL_SURROUNDINGS, { location: path, all, queue });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** Announces so many, and gives their names in the queue. */
async function announce(store: AnnouncementStore, max = 100): Promise<string[]> {
  const files = store.next(max);
  for (const owed of files) store.announced(owed);
  await store.committed();
  return files.map(({ fileName, blobName }) => blobName ?? fileName);
}

const NAMES = ["results/file-0.json", "own/name", "results/file-2.json"];
const BEFORE = ["results/file-3.json", "results/file-4.json"];

describe("a state's announcements", () => {
  it("are counted by class, without a trace beside the state", async () => {
    const path = await makeState();
    const [bytes, names] = [await readFile(path), await readdir(dirname(path))];
    expect(await (await readState(REAL_SURROUNDINGS, path)).announcements()).toEqual({
      owed: 3,
      owedExisting: 1,
      announced: 2,
      again: 0,
      leftToRun: 2,
    });
    expect(await readdir(dirname(path))).toEqual(names);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("are given once each, with what their names are made from", async () => {
    const store = await open(await makeState());
    expect(store.next(2)).toMatchObject([
      {
        jobId: "job-0",
        workItemId: "item-0",
        workItemName: "shown",
        fileName: NAMES[0],
        blobName: undefined,
      },
      { blobName: "own/name" },
    ]);
    expect(store.next(2).map(({ fileName }) => fileName)).toEqual([NAMES[2]]);
    expect(store.next(2)).toEqual([]);
  });

  it("are counted in the state once they are noted, and not given again", async () => {
    const path = await makeState();
    const store = await open(path);
    expect(await announce(store, 2)).toEqual(NAMES.slice(0, 2));
    await store.close();
    expect(await (await readState(REAL_SURROUNDINGS, path)).announcements()).toMatchObject({
      owed: 1,
      announced: 4,
    });
    const reader = await readState(REAL_SURROUNDINGS, path);
    expect((await reader.read()).summary.files).toMatchObject({ announced: 4, copied: 4, alreadyThere: 1 });
    expect(await announce(await open(path))).toEqual(NAMES.slice(2));
  });

  it("survive a kill once they are noted and committed", async () => {
    const path = await makeState();
    const store = await open(path);
    await announce(store, 1);
    const killed = join(await temporaryFolder(), "killed.db");
    for (const end of ["", "-wal"]) {
      if (existsSync(path + end)) copyFileSync(path + end, killed + end);
    }
    expect(await announce(await open(killed))).toEqual(NAMES.slice(1));
  });

  it("leave the run as it is: its identity, its starts, how it ended", async () => {
    const path = await makeState();
    const before = await (await readState(REAL_SURROUNDINGS, path)).read();
    const store = await open(path);
    await announce(store);
    await store.close();
    const { run, writer, summary } = await (await readState(REAL_SURROUNDINGS, path)).read();
    expect(run).toEqual({ ...before.run, settings: { ...before.run.settings, queue: QUEUE } });
    expect(writer).toEqual(before.writer);
    expect(summary).toEqual({ ...before.summary, files: { ...before.summary.files, announced: 5 } });
  });

  it("keep no queue when the run has its own", async () => {
    const path = await makeState(QUEUE);
    await (await open(path, false, "other")).close();
    expect((await (await readState(REAL_SURROUNDINGS, path)).read()).run.settings).toEqual(
      DESCRIPTION.settings,
    );
  });
});

describe("announce --all", () => {
  it("gives those that were announced before, too; after a stop it goes on with what is left", async () => {
    const path = await makeState();
    const first = await open(path, true);
    expect(first.counts).toMatchObject({ owed: 3, announced: 2, again: 2 });
    expect(await announce(first, 4)).toEqual([...NAMES, BEFORE[0]]);
    await first.close();
    const second = await open(path, true);
    expect(second.counts).toMatchObject({ owed: 0, announced: 5, again: 1 });
    expect(await announce(second)).toEqual([BEFORE[1]]);
    expect(await announce(second)).toEqual([]);
    await second.close();
    expect((await (await readState(REAL_SURROUNDINGS, path)).read()).summary.files.announced).toBe(5);
  });

  it("goes on after a stop also when nothing had been announced before", async () => {
    const path = await makeState("none", false);
    for (const [max, names] of [
      [2, NAMES.slice(0, 2)],
      [9, [...NAMES.slice(2), ...BEFORE]],
    ] as const) {
      const store = await open(path, true);
      expect(await announce(store, max)).toEqual(names);
      await store.close();
    }
  });

  it("begins anew once it came to its end", async () => {
    const path = await makeState();
    for (const times of [1, 2]) {
      const store = await open(path, true);
      expect((await announce(store)).toSorted(), `time ${times}`).toEqual([...NAMES, ...BEFORE].toSorted());
      await store.close();
    }
  });

  it("leaves an `announce` without --all alone when it was stopped", async () => {
    const path = await makeState();
    await (await open(path, true)).close();
    expect(await announce(await open(path))).toEqual(NAMES);
  });
});

describe("the state's lock", () => {
  it("is held while it announces, and free afterwards", async () => {
    const path = await makeState();
    const store = await open(path);
    await expect(open(path)).rejects.toMatchObject({ code: "state-locked" });
    await expect(openState(path, undefined)).rejects.toMatchObject({ code: "state-locked" });
    await store.close();
    await (await open(path)).close();
  });

  it("is not taken for a state that is not there", async () => {
    const path = join(await temporaryFolder(), "none.db");
    await expect(open(path)).rejects.toMatchObject({ code: "state-missing" });
    await expect(readState(REAL_SURROUNDINGS, path)).rejects.toMatchObject({ code: "state-missing" });
    expect(await readdir(dirname(path))).toEqual([]);
  });
});

it("the statements of announce find files by walking their ids, and write by id", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db, 0);
  const planOf = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail);
  expect(planOf(ANNOUNCEMENT_SQL.owedAfter)).toEqual([
    "SEARCH f USING INTEGER PRIMARY KEY (rowid>?)",
    "SEARCH w USING INTEGER PRIMARY KEY (rowid=?)",
    "SEARCH d USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
  ]);
  expect(planOf(ANNOUNCEMENT_SQL.noteAnnounced)).toEqual(["SEARCH file USING INTEGER PRIMARY KEY (rowid=?)"]);
});
