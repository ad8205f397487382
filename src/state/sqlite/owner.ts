import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import type { Heartbeat, StartEnding } from "../run-presence.ts";
import { isStillAlive } from "./process-life.ts";
import { firstRow, SQL } from "./statements.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

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

/**
 * Notes this process as the owner. Gives what puts back the row that was there, for a start that comes to nothing.
 *
 * @throws ReuploadError `state-locked` as `refuseLivingOwner`
 */
export function takeOwnership(surroundings: Surroundings, db: DatabaseSync): { undo(): void } {
  const now = surroundings.wall();
  refuseLivingOwner(db, now);
  const before = findOwner(db);
  putOwner(db, {
    pid: process.pid,
    host: hostname(),
    started_at: now,
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

/**
 * With the lock of this path held, a state whose owner is at work all the same is a copy of the state that it works on,
 * or that state under a name that it has got meanwhile.
 *
 * @param now ms since the epoch
 * @throws ReuploadError `state-locked`
 */
export function refuseLivingOwner(db: DatabaseSync, now: number): void {
  const owner = findOwner(db);
  if (owner === undefined || !worksHere(owner, now)) return;
  const { pid, host, started_at: startedAt } = owner;
  const who = `process ${pid} on ${host} since ${new Date(startedAt).toISOString()}`;
  const message = `the state ${db.location() ?? ""} is in use by ${who}, or it is a copy of the state that this process works on`;
  throw new ReuploadError("state-locked", message, {
    advice:
      "Wait for that process and continue with its state. To make a copy that you can resume, use: reupload status --snapshot COPY",
  });
}

/** Whether the owner is a process of this machine that is at work now. @param now ms since the epoch */
export function worksHere({ pid, host, started_at: at, ended_at: endedAt }: OwnerRow, now: number): boolean {
  return endedAt === null && isStillAlive({ pid, host, at }, now);
}

/** Who has opened the state for writing, now or last; undefined when nobody has. */
export function findOwner(db: DatabaseSync): OwnerRow | undefined {
  return firstRow<OwnerRow>(db.prepare(SQL.findOwner));
}

function putOwner(db: DatabaseSync, row: OwnerRow): void {
  const { pid, host, started_at: startedAt, heartbeat, ended_at: endedAt, exit_code: exitCode, why } = row;
  db.prepare(SQL.putOwner).run(pid, host, startedAt, heartbeat, endedAt, exitCode, why);
}

/** The owner's last heartbeat; undefined before the first. */
export function readHeartbeat(row: OwnerRow): Heartbeat | undefined {
  return row.heartbeat === null ? undefined : (JSON.parse(row.heartbeat) as Heartbeat);
}

/** How the owner's start ended; undefined while it runs, or when it was killed. */
export function readEnding({ exit_code: exitCode, why }: OwnerRow): StartEnding | undefined {
  return exitCode === null || why === null ? undefined : { exitCode, why };
}
