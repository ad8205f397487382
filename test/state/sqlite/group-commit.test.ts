import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { openForWriting } from "../../../src/state/sqlite/database.ts";
import { GroupCommit } from "../../../src/state/sqlite/group-commit.ts";
import { SqliteState } from "../../../src/state/sqlite/sqlite-state.ts";
import { claimOne, claimSome, csvOf, eventsOf, file, recordAll, workItems } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

describe("a group commit", () => {
  it("commits many events at once, and those who wait are told after it", async () => {
    let writes = 0;
    const commits = new GroupCommit(REAL_SURROUNDINGS, () => writes++);
    for (let event = 0; event < 10; event++) commits.touch();
    const first = commits.committed();
    commits.touch();
    expect(writes).toBe(0);
    await Promise.all([first, commits.committed()]);
    expect(writes).toBe(1);
    await commits.committed();
    expect(writes).toBe(1);
  });

  it("does not let a large batch wait for its time", async () => {
    let writes = 0;
    const commits = new GroupCommit(REAL_SURROUNDINGS, () => writes++);
    for (let event = 0; event < 1_000; event++) commits.touch();
    await nextTurn();
    expect(writes).toBe(1);
  });

  it("fails for good: it tells everyone who waits then or later, and writes nothing more", async () => {
    let writes = 0;
    const commits = new GroupCommit(REAL_SURROUNDINGS, () => {
      writes++;
      throw new Error("disk full");
    });
    commits.touch();
    const waiting = commits.committed();
    await expect(waiting).rejects.toThrow("disk full");
    commits.touch();
    await expect(commits.committed()).rejects.toThrow("disk full");
    commits.flush();
    expect(writes).toBe(1);
  });
});

/** A store whose state may grow by a few pages only, as on a disk that is nearly full. */
async function nearlyFull(): Promise<{ store: SqliteState; path: string; released: () => boolean }> {
  const path = `${await temporaryFolder()}/state.db`;
  const first = await openState(path, csvOf(workItems(3)));
  await first.close();
  const db = openForWriting(path);
  const pages = Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
  db.exec(`PRAGMA max_page_count = ${pages + 3}`);
  let isReleased = false;
  const releaseLock = (): void => {
    isReleased = true;
  };
  const store = new SqliteState(REAL_SURROUNDINGS, db, first.run, first.start, { path, releaseLock });
  onTestFinished(() => store.close().catch(() => undefined));
  return { store, path, released: () => isReleased };
}

describe("a full disk", () => {
  it("ends every wait from then on with its error; what was committed before is there on resume", async () => {
    const { store, path, released } = await nearlyFull();
    const { id } = await claimOne(store);
    const events = eventsOf(id);
    store.ledger.record(events.opened(1_000));
    let committed = 0;
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 1_000; index += 20) {
        for (let one = index; one < index + 20; one++) recordAll(store, events.uploaded(file(one)));
        await store.ledger.committed();
        committed += 20;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "disk-full", exitCode: 6 });
    expect(committed).toBeGreaterThan(0);
    store.ledger.record(events.completed(file(0)));
    await expect(store.ledger.committed()).rejects.toMatchObject({ code: "disk-full" });
    await expect(claimSome(store, 1)).rejects.toMatchObject({ code: "disk-full" });
    await expect(store.close()).rejects.toMatchObject({ code: "disk-full" });
    expect(released()).toBe(true);

    const resumed = await openState(path, undefined);
    expect(resumed.ledger.tally().files.uploaded).toBe(committed);
    expect((await claimOne(resumed)).knownFiles.size).toBe(committed);
  });

  it("does not disturb those who do not wait", async () => {
    const { store } = await nearlyFull();
    const { id } = await claimOne(store);
    const events = eventsOf(id);
    store.ledger.record(events.opened(2_000));
    for (let index = 0; index < 2_000; index++) store.ledger.record(events.uploaded(file(index)));
    await nextTurn();
    await nextTurn();
    expect(store.ledger.tally().files.uploaded).toBe(2_000);
    await expect(store.ledger.committed()).rejects.toMatchObject({ code: "disk-full" });
  });
});
