/**
 * Who holds the lock of a state, for the message of those whom it keeps out. The state itself cannot tell while its CSV
 * is loaded or while it is closed. The file beside it is there while the lock is held; nothing but words depends on it.
 */
import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { writeNewSync } from "../../files/files.ts";
import { openForReading } from "./database.ts";
import { findOwner } from "./owner.ts";
import { HOLDER_SUFFIX } from "./state-files.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ms since the epoch. */
  readonly since: number;
}

/**
 * With the lock held. A full disk takes no note, and is told by what comes next.
 *
 * @param now ms since the epoch
 */
export function noteHolder(statePath: string, now: number): void {
  const holder: Holder = { pid: process.pid, host: hostname(), since: now };
  try {
    writeNewSync(statePath + HOLDER_SUFFIX, JSON.stringify(holder));
  } catch {
    // The message of a locked state falls back on what the state says.
  }
}

/** Before the lock is released. */
export function forgetHolder(statePath: string): void {
  try {
    rmSync(statePath + HOLDER_SUFFIX, { force: true });
  } catch {
    // As above.
  }
}

/** `process 4711 on machine-1 since 2026-07-01T12:00:00.000Z`; `another process` when nothing says which. */
export function describeHolder(statePath: string): string {
  const holder = readHolder(statePath) ?? readOwner(statePath);
  if (holder === undefined) return "another process";
  return `process ${holder.pid} on ${holder.host} since ${new Date(holder.since).toISOString()}`;
}

function readHolder(statePath: string): Holder | undefined {
  try {
    const { pid, host, since } = JSON.parse(
      readFileSync(statePath + HOLDER_SUFFIX, "utf8"),
    ) as Partial<Holder>;
    const isWhole = typeof pid === "number" && typeof host === "string" && typeof since === "number";
    return isWhole ? { pid, host, since } : undefined;
  } catch {
    return undefined;
  }
}

function readOwner(statePath: string): Holder | undefined {
  try {
    using db = openForReading(statePath);
    const owner = findOwner(db);
    if (owner === undefined || owner.ended_at !== null) return undefined;
    return { pid: owner.pid, host: owner.host, since: owner.started_at };
  } catch {
    // It has only just been created, or is being closed.
    return undefined;
  }
}
