import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StateReader } from "../../../src/state/state-reader.ts";
import { takeLock } from "../../../src/state/sqlite/lock.ts";
import { readState } from "../../../src/state/sqlite/read-state.ts";
import { snapshotState } from "../../../src/state/sqlite/snapshot-state.ts";
import type { Heartbeat } from "../../../src/state/run-presence.ts";
import {
  claimOne,
  completeOne,
  csvOf,
  eventsOf,
  failure,
  file,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "../samples.ts";
import { openState, startProcess, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const HEARTBEAT: Heartbeat = {
  at: 1_800_000_000_000,
  slots: 200,
  slotsInUse: 7,
  openWorkItems: 2,
  retries: 3,
  throttles: 1,
  hedges: 2,
  waiting: [{ what: "queue x", since: 1_799_999_999_000, advice: "run `az login`", throttled: false }],
};

const newPath = async (): Promise<string> => join(await temporaryFolder(), "state.db");

async function openReader(path: string): Promise<StateReader> {
  const reader = await readState(REAL_SURROUNDINGS, path);
  onTestFinished(() => reader.close());
  return reader;
}

/** A process that completes work items of three files, says so once, and goes on until it is killed. */
const WRITER = (path: string, items: number): string => `
  import { setTimeout as sleep } from "node:timers/promises";
  import { openRun } from ${JSON.stringify(join(import.meta.dirname, "../../../src/state/sqlite/open-run.ts"))};
  import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
  import { completeOne, csvOf, DESCRIPTION, noSignal, workItems } from
    ${JSON.stringify(join(import.meta.dirname, "../samples.ts"))};
  const options = { location: ${JSON.stringify(path)}, resume: true, updateCsv: false, retryFailed: "all" };
  const store = await openRun(REAL_SURROUNDINGS, options, DESCRIPTION, csvOf(workItems(${items})), noSignal);
  for (let done = 0; ; done++) {
    if (store.ledger.tally().workItems.pending > 0) await completeOne(store, 3);
    store.presence.beat(${JSON.stringify(HEARTBEAT)});
    await store.ledger.committed();
    if (done === 5) console.log("writing");
    await sleep(1);
  }
`;

describe("a reader of a state", () => {
  it("sees what was committed, and that it runs, with its last heartbeat", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(5)));
    const reader = await openReader(path);
    expect(await reader.read()).toMatchObject({
      run: store.run,
      summary: { workItems: { pending: 5 }, notSurveyed: 5 },
      writer: { kind: "running", pid: process.pid, host: hostname(), heartbeat: undefined },
    });
    await completeOne(store, 3);
    store.presence.beat(HEARTBEAT);
    await store.ledger.committed();
    const { summary, writer } = await reader.read();
    expect(summary).toEqual(store.ledger.tally());
    expect(writer).toMatchObject({ kind: "running", heartbeat: HEARTBEAT });
    const since = writer.kind === "running" ? writer.since : 0;
    expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
  });

  it("sees heartbeats also when nothing else happens", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(1)));
    const reader = await openReader(path);
    store.presence.beat(HEARTBEAT);
    await store.ledger.committed();
    expect((await reader.read()).writer).toMatchObject({ heartbeat: HEARTBEAT });
  });

  it("sees how it ended, and leaves no trace then", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(2)));
    const reader = await openReader(path);
    await completeOne(store, 1);
    store.presence.noteEnding({ exitCode: 130, why: "Ctrl+C" });
    await store.close();
    const before = readdirSync(dirname(path));
    const { summary, writer } = await reader.read();
    expect(summary).toEqual(store.ledger.tally());
    expect(writer).toMatchObject({ kind: "ended", ending: { exitCode: 130, why: "Ctrl+C" } });
    expect(await reader.slowest(5)).toEqual([]);
    expect(readdirSync(dirname(path))).toEqual(before);

    const silent = await openState(path, undefined);
    expect((await reader.read()).writer.kind).toBe("running");
    await silent.close();
    expect((await reader.read()).writer).toMatchObject({ kind: "ended", ending: undefined });
  });

  it("sees the ending of the start before when a later start came to nothing", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(2)));
    store.presence.noteEnding({ exitCode: 1, why: "finished" });
    await store.close();
    await expect(openState(path, csvOf(workItems(3)))).rejects.toMatchObject({ code: "identity-mismatch" });
    const reader = await openReader(path);
    expect((await reader.read()).writer).toMatchObject({
      kind: "ended",
      ending: { exitCode: 1, why: "finished" },
    });
  });

  it("tells a copy without its log from a state whose process was killed", async () => {
    const path = await newPath();
    const copy = `${path}.copy`;
    const writer = startProcess(WRITER(path, 10_000));
    expect(await writer.firstLine).toBe("writing");
    copyFileSync(path, copy);
    const reader = await openReader(copy);
    expect((await reader.read()).writer).toMatchObject({ kind: "died", copy: "of-running" });
    writer.kill("SIGKILL");
    await once(writer, "exit");
    expect((await reader.read()).writer).toMatchObject({ kind: "died", copy: "without-log" });
    expect((await (await openReader(path)).read()).writer).toMatchObject({ kind: "died", copy: undefined });
  });

  it("finds everything in the file alone a few seconds later, while the process goes on", async () => {
    const path = await newPath();
    const copy = `${path}.copy`;
    const store = await openState(path, csvOf(workItems(20)));
    await completeOne(store, 3);
    await store.ledger.committed();
    await sleep(2_100);
    store.presence.beat(HEARTBEAT);
    await store.ledger.committed();
    copyFileSync(path, copy);
    expect((await (await openReader(copy)).read()).summary.workItems.completed).toBe(1);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  });

  it("sees readings that only grow beside another process, and at once that it was killed", async () => {
    const path = await newPath();
    const writer = startProcess(WRITER(path, 10_000));
    expect(await writer.firstLine).toBe("writing");
    const reader = await openReader(path);
    let before = 0;
    for (let reading = 0; reading < 50; reading++) {
      const { summary, writer: who } = await reader.read();
      expect(who).toMatchObject({ kind: "running", pid: writer.pid, heartbeat: HEARTBEAT });
      expect(summary.files.copied).toBe(3 * summary.workItems.completed);
      expect(summary.files.copied).toBeGreaterThanOrEqual(before);
      before = summary.files.copied;
      await sleep(2);
    }
    expect(before).toBeGreaterThan(20);
    writer.kill("SIGKILL");
    await once(writer, "exit");
    const { summary, writer: who } = await reader.read();
    expect(who).toEqual({ kind: "died", at: HEARTBEAT.at, copy: undefined });
    expect(summary.files.copied).toBeGreaterThanOrEqual(before);

    const resumed = await openState(path, csvOf(workItems(10_000)));
    expect((await reader.read()).writer).toMatchObject({ kind: "running", pid: process.pid });
    expect(resumed.ledger.tally().files).toEqual(summary.files);
  });

  it("does not hinder those who take the lock, however often it asks", async () => {
    const path = await newPath();
    await (await openState(path, csvOf(workItems(1)))).close();
    // As after a kill: only then it asks for the lock.
    const db = new DatabaseSync(path);
    db.exec("UPDATE owner SET ended_at = NULL");
    db.close();
    const asking = startProcess(`
      import { readState } from ${JSON.stringify(join(import.meta.dirname, "../../../src/state/sqlite/read-state.ts"))};
      import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
      const reader = await readState(REAL_SURROUNDINGS, ${JSON.stringify(path)});
      (await reader.read());
      console.log("asking");
      for (;;) (await reader.read());
    `);
    expect(await asking.firstLine).toBe("asking");
    for (let taken = 0; taken < 100; taken++) {
      const lock = takeLock(REAL_SURROUNDINGS, path);
      expect(lock).toBeDefined();
      lock?.release();
      await sleep(1);
    }
  });

  it("does not hold the log back, however long it stays", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(400)));
    const reader = await openReader(path);
    for (let round = 0; round < 400; round++) {
      await completeOne(store, 60);
      if (round % 20 > 0) continue;
      await store.ledger.committed();
      await reader.read();
      await reader.slowest(5);
    }
    await store.ledger.committed();
    // 24,000 files take some 2 MB, and would take many times as much in a log that is never begun anew.
    expect(statSync(`${path}-wal`).size).toBeLessThan(6 * 1024 * 1024);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it("tells the open work items that are looked up, first those that were opened first", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(4)));
    await completeOne(store, 1);
    const first = await claimOne(store);
    await claimOne(store);
    const events = eventsOf(first.id);
    recordAll(store, events.opened(9), events.uploaded(file(0)), events.uploaded(file(1)));
    recordAll(store, events.completed(file(1)), events.failed(file(2)), events.skipped(file(3)));
    await store.ledger.committed();
    const reader = await openReader(path);
    const since = expect.any(Number) as number;
    expect(await reader.slowest(9)).toEqual([{ workItem: workItem(1), since, filesTotal: 9, filesDone: 3 }]);
    expect(await reader.slowest(0)).toEqual([]);
  });

  it("tells failures as the ledger does, and what remains with its failure codes", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf([workItem(0, "a name"), ...workItems(2_005, 1)]));
    const mixed = eventsOf((await claimOne(store)).id);
    recordAll(store, mixed.opened(4), mixed.failed(file(0), failure("timeout")), mixed.skipped(file(1)));
    recordAll(store, mixed.failed(file(2), failure("conflict")), mixed.failed(file(3), failure("timeout")));
    store.ledger.record(mixed.finished("failed", failure("catalog-error")));
    await completeOne(store, 2);
    await completeOne(store, 0);
    store.ledger.record(eventsOf((await claimOne(store)).id).finished("failed", failure("no-files")));
    const open = eventsOf((await claimOne(store)).id);
    recordAll(store, open.opened(2), open.failed(file(0), failure("network")));
    const reader = await openReader(path);
    await store.ledger.committed();
    expect(await reader.failures()).toEqual(await store.ledger.failures());
    const remaining = [];
    for await (const batch of reader.remaining(noSignal)) {
      expect(batch.length).toBeLessThanOrEqual(1_000);
      remaining.push(...batch);
    }
    expect(remaining).toEqual([
      { ...workItem(0, "a name"), hasFailed: true, failedWith: ["catalog-error", "conflict", "timeout"] },
      { ...workItem(3), hasFailed: true, failedWith: ["no-files"] },
      { ...workItem(4), hasFailed: true, failedWith: ["network"] },
      ...workItems(2_001, 5).map((item) => ({ ...item, hasFailed: false, failedWith: [] })),
    ]);
  });

  it("refuses a file that holds no run", async () => {
    const path = await newPath();
    await expect(readState(REAL_SURROUNDINGS, path)).rejects.toMatchObject({
      code: "state-missing",
      message: `the state ${path} does not exist`,
    });
    writeFileSync(path, "notes of somebody\n");
    await expect(readState(REAL_SURROUNDINGS, path)).rejects.toMatchObject({ code: "state-foreign" });
    rmSync(path);
    const store = await openState(path, csvOf(workItems(1)));
    const reader = await openReader(path);
    await store.close();
    rmSync(path);
    await expect(reader.read()).rejects.toMatchObject({ code: "state-missing" });
    expect(readdirSync(dirname(path))).toEqual(["state.db.lock"]);
  });
});

describe("a snapshot", () => {
  it("is consistent while the state is in use, and a run goes on from it", async () => {
    const path = await newPath();
    const writer = startProcess(WRITER(path, 10_000));
    expect(await writer.firstLine).toBe("writing");
    const copy = join(await temporaryFolder(), "copy.db");
    await snapshotState(REAL_SURROUNDINGS, path, copy, noSignal);
    expect((await (await openReader(path)).read()).writer).toMatchObject({
      kind: "running",
      pid: writer.pid,
    });
    writer.kill("SIGKILL");
    await once(writer, "exit");

    expect(readdirSync(dirname(copy))).toEqual([basename(copy)]);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const { summary, writer: who } = await (await openReader(copy)).read();
    expect(who).toMatchObject({ kind: "ended", ending: undefined });
    expect(summary.files.copied).toBe(3 * summary.workItems.completed);
    expect(summary.files.copied).toBeGreaterThan(10);
    const resumed = await openState(copy, csvOf(workItems(10_000)));
    expect(resumed.start.number).toBe(2);
    expect(resumed.ledger.tally()).toEqual({
      ...summary,
      workItems: {
        ...summary.workItems,
        in_progress: 0,
        pending: summary.workItems.pending + summary.workItems.in_progress,
      },
    });
    await completeOne(resumed, 3);
    expect(resumed.ledger.tally().files.copied).toBe(summary.files.copied + 3);
  });

  it("is the same state when no start is under way", async () => {
    const path = await newPath();
    const store = await openState(path, csvOf(workItems(3)));
    await completeOne(store, 2);
    store.presence.noteEnding({ exitCode: 0, why: "finished" });
    await store.close();
    const copy = join(dirname(path), "copy.db");
    await snapshotState(REAL_SURROUNDINGS, path, copy, noSignal);
    expect(await (await openReader(copy)).read()).toEqual(await (await openReader(path)).read());
    expect(readdirSync(dirname(path))).toEqual(["copy.db", "state.db", "state.db.lock"]);
  });

  it("takes no other file's place, and leaves nothing behind when it fails", async () => {
    const path = await newPath();
    const folder = dirname(path);
    const store = await openState(path, csvOf(workItems(3)));
    await store.close();
    const copy = join(folder, "copy.db");
    copyFileSync(path, copy);
    const told = (target: string, signal = noSignal.signal) =>
      snapshotState(REAL_SURROUNDINGS, path, target, { signal });
    await expect(told(copy)).rejects.toMatchObject({
      code: "output-unwritable",
      message: `cannot write ${copy}: the file already exists`,
    });
    await expect(told(join(folder, "none", "copy.db"))).rejects.toMatchObject({ code: "output-unwritable" });
    mkdirSync(join(folder, "sub"));
    await expect(told(join(folder, "sub"))).rejects.toMatchObject({ code: "output-unwritable" });
    const other = join(folder, "other.db");
    await expect(told(other, AbortSignal.abort())).rejects.toThrow(/abort/i);
    await expect(
      snapshotState(REAL_SURROUNDINGS, join(folder, "no.db"), other, noSignal),
    ).rejects.toMatchObject({
      code: "state-missing",
    });
    expect(readdirSync(folder)).toEqual(["copy.db", "state.db", "state.db.lock", "sub"]);
  });
});
