import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { createUnlessThere, removeLeftover } from "../../files/new-file.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { InputReader, RunDescription } from "../open-run.ts";
import type { InputCounts } from "../state-store.ts";
import { COUNTER_NAMES, newCounters } from "./counters.ts";
import { openForLoading, SQLITE_CONSTRAINT_UNIQUE } from "./database.ts";
import { migrate } from "./migrations/migrations.ts";
import { removeState } from "./state-files.ts";
import { SQL } from "./statements.ts";

/** Rows of one INSERT: a call a row costs half as much again. */
const ROWS_AT_ONCE = 50;

const LOAD_SQL = {
  addOne: `INSERT INTO work_item (job_id, work_item_id, name) VALUES (?, ?, ?)`,
  addMany: `INSERT INTO work_item (job_id, work_item_id, name)
    VALUES ${Array.from({ length: ROWS_AT_ONCE }, () => "(?, ?, ?)").join(", ")}`,
  dropKey: `DROP INDEX work_item_key`,
  makeKey: `CREATE UNIQUE INDEX work_item_key ON work_item (job_id, work_item_id)`,
  makePlainKey: `CREATE INDEX work_item_key ON work_item (job_id, work_item_id)`,
  removeRepeated: `DELETE FROM work_item WHERE id IN (
    SELECT id FROM (
      SELECT id, row_number() OVER (PARTITION BY job_id, work_item_id ORDER BY id) AS time FROM work_item)
    WHERE time > 1)`,
} as const;

/**
 * Makes the state of a new run: loads the CSV into a file under another name, and puts it into its place when all is
 * there, flushed. A kill before leaves nothing that could be taken for a state.
 */
export async function createState(
  path: string,
  description: RunDescription,
  input: InputReader,
  signal: AbortSignal,
): Promise<void> {
  const made = `${path}.new`;
  removeLeftover(made);
  removeState(made);
  createUnlessThere(made);
  try {
    {
      using db = openForLoading(made);
      migrate(db, 0);
      await loadRun(db, description, input, signal);
    }
    flush(made);
    // The log of a state that was deleted by hand would be replayed into the new one.
    removeState(path);
    renameSync(made, path);
  } catch (error) {
    removeState(made);
    throw error;
  }
}

function flush(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function loadRun(
  db: DatabaseSync,
  description: RunDescription,
  input: InputReader,
  signal: AbortSignal,
): Promise<void> {
  db.exec(`BEGIN; ${LOAD_SQL.dropKey}`);
  const add = adder(db);
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
  const counts: InputCounts = {
    ...told,
    ours: told.ours - repeated,
    duplicates: told.duplicates + repeated,
  };
  const identity = { ...description.identity, csvDigest };
  const json = [identity, description.settings, counts].map((part) => JSON.stringify(part));
  db.prepare(SQL.insertRun).run(randomUUID(), ...json, Date.now());
  const counters = {
    ...newCounters(),
    work_items_pending: counts.ours,
    work_items_not_looked_up: counts.ours,
    work_items_not_surveyed: counts.ours,
  };
  db.prepare(SQL.insertCounters).run(...COUNTER_NAMES.map((name) => counters[name]));
  db.exec("COMMIT");
}

function adder(db: DatabaseSync): (workItems: readonly WorkItem[]) => void {
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
  db.exec(`${LOAD_SQL.dropKey}; ${LOAD_SQL.makeKey}`);
  return repeated;
}

/** Every row is accounted for: the reader's count of ours must be what was taken. */
export function checkCount(counted: number, taken: number): void {
  if (counted === taken) return;
  throw new ReuploadError("internal", `the CSV was read as ${counted} work items, the state took ${taken}`);
}
