import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { STATES } from "../../../src/state/wiring.ts";
import { INITIAL } from "../../../src/state/sqlite/migrations/001-initial.ts";
import { PARTITIONS } from "../../../src/state/sqlite/migrations/002-partitions.ts";
import { PAST } from "../../../src/state/sqlite/migrations/003-past.ts";
import { STEERING } from "../../../src/state/sqlite/migrations/003-steering.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../../src/state/sqlite/migrations/migrations.ts";
import {
  claimOne,
  claimSome,
  csvOf,
  DESCRIPTION,
  eventsOf,
  failure,
  file,
  knownOf,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

/**
 * A state as the first version left it when it was killed: of five work items one is completed, one failed with one of
 * its files, one was in progress with two files in the target (one announced), one is empty.
 */
async function stateOfVersionOne(): Promise<string> {
  const path = join(await temporaryFolder(), "state.db");
  const { csvDigest, counts } = await csvOf(workItems(5)).read((rows) => rows.length);
  using db = new DatabaseSync(path);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; ${INITIAL}; PRAGMA user_version = 1`);
  const identity = JSON.stringify({ ...DESCRIPTION.identity, csvDigest });
  db.prepare("INSERT INTO run VALUES (1, 'run-1', ?, '{}', ?, 1700000000000, 3)").run(
    identity,
    JSON.stringify(counts),
  );
  const receipt = "'0123456789abcdef'";
  const base = "'https://source.blob.core.windows.net/c/item-0/'";
  db.exec(`
    INSERT INTO owner VALUES (1, 4711, 'machine', 1700000000000, NULL, NULL, NULL, NULL);
    INSERT INTO work_item (id, job_id, work_item_id, name, status, files_total, files_done, files_failed, duplicates,
        receipt_count, receipt_digest, uri_base, started_at, finished_at) VALUES
      (1, 'job-0', 'item-0', '', 2, 1, 1, 0, 0, 1, ${receipt}, ${base}, 1700000000, 1700000001),
      (2, 'job-1', 'item-1', '', 4, 2, 1, 1, 0, 2, ${receipt}, ${base}, 1700000000, 1700000001),
      (3, 'job-2', 'item-2', '', 1, 3, NULL, NULL, 0, 3, ${receipt}, ${base}, 1700000000, NULL),
      (4, 'job-0', 'item-3', '', 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1700000000, 1700000001),
      (5, 'job-1', 'item-4', '', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO file (id, work_item, name, source, facts, bytes, at) VALUES
      (1, 1, 'results/file-0.json', NULL, 7, 10, 1700000001),
      (2, 2, 'results/file-0.json', NULL, 7, 10, 1700000001),
      (3, 2, 'results/file-1.json', NULL, 8, NULL, 1700000001),
      (4, 3, 'results/file-0.json', NULL, 7, 10, 1700000001),
      (5, 3, 'results/file-1.json', NULL, 1, 10, 1700000001);
    INSERT INTO file_detail VALUES (3, 'timeout', 'it took too long', 8, 'r-1', NULL);
    INSERT INTO failure_count VALUES (8, 'timeout', 1, 0);
    INSERT INTO counters VALUES (1, 1, 1, 1, 1, 1, 1, 1, 6, 3, 0, 1, 0, 1, 3, 0, 0, 0, 0, 0, 0, 40);
  `);
  return path;
}

describe("a state of the version before", () => {
  it("is read as it is, and not changed", async () => {
    const path = await stateOfVersionOne();
    const before = readFileSync(path);
    expect(await STATES.inspect(path)).toMatchObject({ version: 1, run: { runId: "run-1" } });
    const reader = await STATES.read(path);
    expect(await reader.read()).toMatchObject({
      starts: 3,
      writer: { kind: "died" },
      summary: {
        workItems: { pending: 1, in_progress: 1, completed: 1, empty: 1, failed: 1, skipped: 0, not_mine: 0 },
        files: { total: 6, copied: 3, failed: 1, uploaded: 1, elsewhere: 0 },
      },
    });
    expect(await reader.failures()).toMatchObject([{ code: "timeout", files: 1 }]);
    expect(await reader.slowest(5)).toMatchObject([{ workItem: workItem(2), filesDone: 1 }]);
    expect(await reader.announcements()).toMatchObject({ announced: 3, leftToRun: 1 });
    expect(await reader.history(workItem(1))).toMatchObject({
      status: "failed",
      files: [{ fileName: file(1).fileName, status: "failed", attempts: 8, tries: [] }],
    });
    const left: string[] = [];
    for await (const batch of reader.remaining(noSignal)) left.push(...batch.map((one) => one.workItemId));
    expect(left).toEqual(["item-1", "item-2", "item-4"]);
    expect([await reader.past.starts(), await reader.past.history()]).toEqual([[], []]);
    expect((await reader.past.longest(9)).map(({ status }) => status)).toEqual([
      "completed",
      "failed",
      "empty",
    ]);
    const files: string[] = [];
    for await (const batch of reader.past.files({}, noSignal)) files.push(...batch.map((one) => one.outcome));
    expect(files).toEqual(["copied", "copied", "failed", "copied", "uploaded", "empty", "pending"]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is resumed where it stopped: what is done stays done, what was in progress is pending again", async () => {
    const path = await stateOfVersionOne();
    const state = await openState(path, csvOf(workItems(5)));
    expect(state.start.number).toBe(4);
    expect(state.ledger.tally()).toMatchObject({
      workItems: { pending: 4, in_progress: 0, completed: 1 },
      files: { total: 6, copied: 3, failed: 0, uploaded: 1 },
    });
    const claims = await claimSome(state, 9);
    expect(claims.map((claim) => claim.workItem.workItemId)).toEqual([
      "item-1",
      "item-2",
      "item-3",
      "item-4",
    ]);
    const [, open] = claims;
    expect(open && knownOf(open, file(0, 0))).toMatchObject({ completed: true });
    expect(open && knownOf(open, file(1, 0))).toMatchObject({ inTarget: true, completed: false });
    expect(open?.elsewhere).toBeUndefined();
    await state.close();
    expect(await STATES.inspect(path)).toMatchObject({ version: SCHEMA_VERSION });
  });

  it("of schema version 3 is read as it is, and goes on as a run without a filter", async () => {
    const path = await stateOfVersionOne();
    {
      using db = new DatabaseSync(path);
      db.exec(`${PARTITIONS}; ${PAST}; ${STEERING}; PRAGMA user_version = 3`);
    }
    const before = readFileSync(path);
    const reader = await STATES.read(path);
    expect((await reader.read()).summary.files).toMatchObject({ total: 6, leftOut: 0 });
    expect(await reader.history(workItem(1))).toMatchObject({ filesLeftOut: 0, partitionEpoch: 0 });
    expect(readFileSync(path).equals(before)).toBe(true);
    const identity = { ...DESCRIPTION.identity, filter: '--exclude "*.tmp"' };
    const description = { ...DESCRIPTION, identity };
    await expect(openState(path, csvOf(workItems(5)), { description })).rejects.toThrow(
      'filter: the state has none, this command --exclude "*.tmp"',
    );
    const state = await openState(path, csvOf(workItems(5)));
    expect(state.ledger.tally().files.leftOut).toBe(0);
    expect(state.run.identity.filter).toBeUndefined();
  });

  it("gives checkpoints once its work items were looked up again", async () => {
    const path = await stateOfVersionOne();
    const state = await openState(path, undefined, { retryFailed: "none" });
    // Where the files stand in catalog order was not kept: the next lookup tells.
    expect((await state.ledger.checkpoint(0, noSignal)).open).toEqual([]);
    const claim = await claimOne(state);
    const opened = eventsOf(claim.id).opened(3);
    const places = new Map([...claim.knownFiles.keys()].map((key, place) => [key, place]));
    recordAll(state, { ...opened, places } as typeof opened);
    await state.ledger.committed();
    const { open, epoch, files } = await state.ledger.checkpoint(0, noSignal);
    expect(open).toMatchObject([{ receipt: { count: 3 }, completed: Uint8Array.of(1) }]);
    expect({ epoch, files }).toMatchObject({ epoch: 0, files: { done: 3, failed: 1 } });
  });

  it("keeps the failed tries that follow, those of `announce` too", async () => {
    const path = await stateOfVersionOne();
    const store = await STATES.openAnnouncements({ location: path, all: false, queue: "q" });
    await store.close();
    const state = await openState(path, undefined);
    const { id } = await claimOne(state);
    recordAll(state, eventsOf(id).opened(2), eventsOf(id).failed(file(1), failure("network")));
    await state.close();
    const history = await (await STATES.read(path)).history(workItem(1));
    expect(history?.files.flatMap(({ tries }) => tries)).toMatchObject([{ start: 4, code: "network" }]);
  });
});
