import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { createUnlessThere, removeLeftover } from "../../files/files.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { COUNTER_NAMES, type Counters, newCounters } from "../ledger/counters.ts";
import type { InputCounts, RunDescription } from "../run-record.ts";
import type { InputReader, OpenControl } from "../state-kind.ts";
import { type RowPlace, rowPlace } from "./row-place.ts";
import { openForLoading, SQLITE_CONSTRAINT_UNIQUE } from "./database.ts";
import { migrate } from "./migrations/migrations.ts";
import { flush, moveInPlace, removeState } from "./state-files.ts";
import { SQL } from "./statements.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** Rows of one INSERT: a call a row costs half as much again. */
const ROWS_AT_ONCE = 50;

const LOAD_SQL = {
  addOne: `INSERT INTO work_item (job_id, work_item_id, name) VALUES (?, ?, ?)`,
  addMany: `INSERT INTO work_item (job_id, work_item_id, name)
    VALUES ${Array.from({ length: ROWS_AT_ONCE }, () => "(?, ?, ?)").join(", ")}`,
  addPlaced: SQL.addWorkItem,
  dropKey: `DROP INDEX work_item_key; DROP INDEX work_item_by_partition`,
  makePartitions: `CREATE INDEX work_item_by_partition ON work_item (partition, job_id, work_item_id)
    WHERE partition IS NOT NULL`,
  makeKey: `CREATE UNIQUE INDEX work_item_key ON work_item (job_id, work_item_id)`,
  makePlainKey: `CREATE INDEX work_item_key ON work_item (job_id, work_item_id)`,
  removeRepeated: `DELETE FROM work_item WHERE id IN (
    SELECT id FROM (
      SELECT id, row_number() OVER (PARTITION BY job_id, work_item_id ORDER BY id) AS time FROM work_item)
    WHERE time > 1)`,
} as const;

/**
 * Makes the state of a new run: loads the CSV into a file under another name, and puts it into its place when all is
 * there, flushed, and `ready` has resolved. A kill before leaves nothing that could be taken for a state.
 */
export async function createState(
  surroundings: Surroundings,
  path: string,
  description: RunDescription,
  input: InputReader,
  { signal, ready }: OpenControl,
): Promise<void> {
  const made = `${path}.new`;
  removeLeftover(made);
  removeState(made);
  createUnlessThere(made);
  try {
    {
      using db = openForLoading(made);
      migrate(db, 0);
      await loadRun(surroundings, db, description, input, signal);
    }
    // Beside what `ready` waits for.
    flush(made);
    await ready;
    signal.throwIfAborted();
    moveInPlace(made, path);
  } catch (error) {
    removeState(made);
    throw error;
  }
}

async function loadRun(
  surroundings: Surroundings,
  db: DatabaseSync,
  description: RunDescription,
  input: InputReader,
  signal: AbortSignal,
): Promise<void> {
  db.exec(`BEGIN; ${LOAD_SQL.dropKey}`);
  const add = adder(db, rowPlace(description.identity));
  let added = 0;
  const { csvDigest, counts: told } = await input.read((workItems) => {
    signal.throwIfAborted();
    add(workItems);
    added += workItems.length;
    return workItems.length;
  });
  signal.throwIfAborted();
  checkCount(told.ours, added);
  const repeated = makeKey(db);
  db.exec(LOAD_SQL.makePartitions);
  const counts: InputCounts = {
    ...told,
    ours: told.ours - repeated,
    duplicates: told.duplicates + repeated,
  };
  const identity = { ...description.identity, csvDigest };
  const json = [identity, description.settings, counts].map((part) => JSON.stringify(part));
  db.prepare(SQL.insertRun).run(surroundings.uuid(), ...json, surroundings.wall());
  const counters = firstCounters(counts.ours, description);
  db.prepare(SQL.insertCounters).run(...COUNTER_NAMES.map((name) => counters[name]));
  db.exec("COMMIT");
  // Here it is not flushed; as the first thing that is done to a state in its place it would be, four times.
  db.exec("PRAGMA journal_mode = WAL");
}

function firstCounters(workItems: number, { identity }: RunDescription): Counters {
  const counters = newCounters();
  if (identity.partition === "auto") return { ...counters, work_items_not_mine: workItems };
  return {
    ...counters,
    work_items_pending: workItems,
    work_items_not_looked_up: workItems,
    work_items_not_surveyed: workItems,
  };
}

function adder(db: DatabaseSync, place: RowPlace): (workItems: readonly WorkItem[]) => void {
  return place.hasPartitions ? placedAdder(db, place) : plainAdder(db);
}

function placedAdder(db: DatabaseSync, place: RowPlace): (workItems: readonly WorkItem[]) => void {
  const add: StatementSync = db.prepare(LOAD_SQL.addPlaced);
  return (workItems) => {
    for (const workItem of workItems) add.run(...toValues(workItem), ...place.columns(workItem));
  };
}

function plainAdder(db: DatabaseSync): (workItems: readonly WorkItem[]) => void {
  const addOne: StatementSync = db.prepare(LOAD_SQL.addOne);
  const addMany: StatementSync = db.prepare(LOAD_SQL.addMany);
  return (workItems) => {
    let at = 0;
    for (; at + ROWS_AT_ONCE <= workItems.length; at += ROWS_AT_ONCE) {
      addMany.run(...workItems.slice(at, at + ROWS_AT_ONCE).flatMap(toValues));
    }
    for (const workItem of workItems.slice(at)) addOne.run(...toValues(workItem));
  };
}

function toValues({ jobId, workItemId, workItemName }: WorkItem): [string, string, string] {
  return [jobId, workItemId, workItemName];
}

/**
 * Makes the index of the keys now that all rows are there: sorted once, instead of a page read for each row that comes
 * in no order. Of rows with one key the first is kept. Gives how many were removed.
 */
function makeKey(db: DatabaseSync): number {
  try {
    db.exec(LOAD_SQL.makeKey);
    return 0;
  } catch (error) {
    const isRepeated =
      error instanceof Error && "errcode" in error && error.errcode === SQLITE_CONSTRAINT_UNIQUE;
    if (!isRepeated) throw error;
  }
  db.exec(LOAD_SQL.makePlainKey);
  const repeated = Number(db.prepare(LOAD_SQL.removeRepeated).run().changes);
  db.exec(`DROP INDEX work_item_key; ${LOAD_SQL.makeKey}`);
  return repeated;
}

/** Every row is accounted for: the reader's count of ours must be what was taken. */
export function checkCount(counted: number, taken: number): void {
  if (counted === taken) return;
  throw new ReuploadError("internal", `the CSV has ${counted} work items, but the state contains ${taken}`);
}
