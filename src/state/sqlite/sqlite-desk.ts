import type { WorkItemRequest } from "../../core/control-request.ts";
import type { OperatorDesk } from "../operator-desk.ts";
import type { Rearranged } from "../work-queue.ts";
import { openForWriting, toStateError } from "./database.ts";
import { inspectState, readRun, readStarts, stateMissing } from "./inspect.ts";
import { isLocked } from "./lock.ts";
import { migrate } from "./migrations/migrations.ts";
import { lockState } from "./open-run.ts";
import { findAnswer, leaveRequest } from "./operator-requests.ts";
import { findOwner, refuseLivingOwner } from "./owner.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";
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
  const path = statePath(location);
  await refuseNetworkDisk(path);
  if ((await inspectState(surroundings, path)) === undefined) throw stateMissing(path);
  const lock = lockState(surroundings, path);
  try {
    const db = openForWriting(path);
    try {
      refuseLivingOwner(db, surroundings.wall());
      migrate(db, Number(db.prepare("PRAGMA user_version").get()?.["user_version"]));
      const run = readRun(db, path);
      if (run === undefined) throw stateMissing(path);
      const start = { number: readStarts(db, path), startedAt: surroundings.wall() };
      const writing = new Writing(surroundings, db, run, start, { path, releaseLock: () => {} });
      // Nothing is in the queue of a run that takes partitions as they get free, until a start admits it.
      const result = rearrange(writing, request, () => run.identity.partition !== "auto");
      writing.statements.noteLogMoved.run();
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      return result;
    } finally {
      db.close();
    }
  } catch (error) {
    throw toStateError(error, path);
  } finally {
    lock.release();
  }
}
