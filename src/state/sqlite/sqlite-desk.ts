import type { WorkItemRequest } from "../../core/control-request.ts";
import type { OperatorDesk } from "../operator-desk.ts";
import type { Rearranged } from "../work-queue.ts";
import { toStateError } from "./database.ts";
import { inspectState, readStarts, stateMissing } from "./inspect.ts";
import { isLocked } from "./lock.ts";
import { openAtRest } from "./open-at-rest.ts";
import { findAnswer, leaveRequest } from "./operator-requests.ts";
import { findOwner } from "./owner.ts";
import { statePath } from "./place.ts";
import { reading } from "./reading.ts";
import { rearrange } from "./rearrange.ts";
import { Writing } from "./writing.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** The operator's side of states that are SQLite files. */
export function sqliteDesk(surroundings: Surroundings): OperatorDesk {
  return {
    async ask(location, request, by) {
      const path = statePath(location);
      if ((await inspectState(surroundings, path)) === undefined) throw stateMissing(path);
      return told(path, () => {
        const start = listeningStart(path);
        if (start === undefined) return undefined;
        return leaveRequest(path, request, { start, at: surroundings.wall(), by });
      });
    },
    async answer(location, request) {
      const path = statePath(location);
      return told(path, () => findAnswer(path, request));
    },
    rearrange: (location, request) => rearrangeAtRest(surroundings, location, request),
  };
}

function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStateError(error, path);
  }
}

/** The number of the start that listens; undefined when none does, or when it has not come so far. */
function listeningStart(path: string): number | undefined {
  if (!isLocked(path)) return undefined;
  return reading(path, (db) => (findOwner(db)?.ended_at === null ? readStarts(db, path) : undefined));
}

async function rearrangeAtRest(
  surroundings: Surroundings,
  location: string,
  request: WorkItemRequest,
): Promise<Rearranged> {
  using rest = await openAtRest(surroundings, location);
  const { db, run, path } = rest;
  return told(path, () => {
    const start = { number: readStarts(db, path), startedAt: surroundings.wall() };
    const writing = new Writing(surroundings, db, run, start, { path, releaseLock: () => {} });
    // Nothing is in the queue of a run that takes partitions as they get free, until a start admits it.
    const result = rearrange(writing, request, () => run.identity.partition !== "auto");
    writing.statements.noteLogMoved.run();
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return result;
  });
}
