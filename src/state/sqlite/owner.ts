import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import type { Heartbeat, StartEnding } from "../run-presence.ts";
import { firstRow, SQL } from "./statements.ts";

/** The row of the table `owner`: who opened the state last, how it goes, how it ended. Times are ms. */
export interface OwnerRow {
  readonly pid: number;
  readonly host: string;
  readonly started_at: number;
  readonly heartbeat: string | null;
  readonly ended_at: number | null;
  readonly exit_code: number | null;
  readonly why: string | null;
}

/** Notes this process as the owner. Gives what puts back the row that was there, for a start that comes to nothing. */
export function takeOwnership(db: DatabaseSync): { undo(): void } {
  const before = findOwner(db);
  putOwner(db, {
    pid: process.pid,
    host: hostname(),
    started_at: Date.now(),
    heartbeat: null,
    ended_at: null,
    exit_code: null,
    why: null,
  });
  return {
    undo() {
      if (before) putOwner(db, before);
      else db.exec(SQL.clearOwner);
    },
  };
}

export function findOwner(db: DatabaseSync): OwnerRow | undefined {
  return firstRow<OwnerRow>(db.prepare(SQL.findOwner));
}

function putOwner(db: DatabaseSync, row: OwnerRow): void {
  const { pid, host, started_at: startedAt, heartbeat, ended_at: endedAt, exit_code: exitCode, why } = row;
  db.prepare(SQL.putOwner).run(pid, host, startedAt, heartbeat, endedAt, exitCode, why);
}

export function heartbeatOf(row: OwnerRow): Heartbeat | undefined {
  return row.heartbeat === null ? undefined : (JSON.parse(row.heartbeat) as Heartbeat);
}

export function endingOf({ exit_code: exitCode, why }: OwnerRow): StartEnding | undefined {
  return exitCode === null || why === null ? undefined : { exitCode, why };
}
