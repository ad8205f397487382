import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { InputReader, RunDescription } from "../open-run.ts";
import type { RunRecord } from "../state-store.ts";
import { COUNTER_NAMES, newCounters } from "./counters.ts";
import { inTransaction } from "./database.ts";
import { prepareStatements, ROWS_AT_ONCE, type Statements } from "./statements.ts";

/**
 * Loads the CSV into an empty state, in one transaction: a run killed before its end has left nothing, and the random
 * order of the keys costs each page of their index one write instead of one a batch.
 */
export async function loadRun(
  db: DatabaseSync,
  description: RunDescription,
  input: InputReader,
  signal: AbortSignal,
): Promise<RunRecord> {
  const statements = prepareStatements(db);
  return inTransaction(db, async () => {
    let ours = 0;
    const { csvDigest, counts } = await input.read((workItems) => {
      signal.throwIfAborted();
      const added = addWorkItems(statements, workItems);
      ours += added;
      return added;
    });
    signal.throwIfAborted();
    checkCount(counts.ours, ours);
    const run: RunRecord = {
      runId: randomUUID(),
      identity: { ...description.identity, csvDigest },
      settings: description.settings,
      input: counts,
      createdAt: Date.now(),
      starts: 1,
    };
    const json = [run.identity, run.settings, run.input].map((part) => JSON.stringify(part));
    statements.insertRun.run(run.runId, ...json, run.createdAt);
    const counters = {
      ...newCounters(),
      work_items_pending: ours,
      work_items_not_looked_up: ours,
      work_items_not_surveyed: ours,
    };
    statements.insertCounters.run(...COUNTER_NAMES.map((name) => counters[name]));
    return run;
  });
}

/** Gives how many were new: a key that is there already is passed over. */
function addWorkItems(statements: Statements, workItems: readonly WorkItem[]): number {
  let added = 0;
  let at = 0;
  for (; at + ROWS_AT_ONCE <= workItems.length; at += ROWS_AT_ONCE) {
    const values = workItems.slice(at, at + ROWS_AT_ONCE).flatMap(toValues);
    added += Number(statements.addWorkItems.run(...values).changes);
  }
  for (const workItem of workItems.slice(at)) {
    added += Number(statements.addWorkItem.run(...toValues(workItem)).changes);
  }
  return added;
}

function toValues({ jobId, workItemId, workItemName }: WorkItem): [string, string, string] {
  return [jobId, workItemId, workItemName];
}

/** Every row is accounted for: the reader's count of ours must be what stands in the state. */
export function checkCount(counted: number, inState: number): void {
  if (counted === inState) return;
  throw new ReuploadError("internal", `the CSV was read as ${counted} work items, the state has ${inState}`);
}
