import { readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { systemErrorCode } from "../../core/errors.ts";

/** How far the clock may have been set since. */
const TOLERANCE_MS = 10_000;
/** The unit of the times in Linux' /proc: 10 ms on every machine that Node runs on. */
const TICK_MS = 10;

/**
 * Whether the process with this id was at work on this machine at that time, and still is. A process that got the id
 * later is another one. This process itself never counts.
 *
 * @param at ms since the epoch
 * @param now ms since the epoch
 */
export function isStillAlive(
  { pid, host, at }: { pid: number; host: string; at: number },
  now: number,
): boolean {
  if (host !== hostname() || pid === process.pid) return false;
  if (at < now - uptime() * 1000 - TOLERANCE_MS) return false;
  if (!exists(pid)) return false;
  const startedAt = readStart(pid, now);
  return startedAt === undefined || startedAt <= at + TOLERANCE_MS;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

/** When a process began, ms since the epoch; undefined where the system does not say; Infinity when it has ended. */
function readStart(pid: number, now: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    // After the name, which may hold anything: the state, and as the twentieth the time since the start of the system.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    if (fields[0] === "Z" || fields[0] === "X") return Number.POSITIVE_INFINITY;
    const upMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
    return now - upMs + Number(fields[19]) * TICK_MS;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
