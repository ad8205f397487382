/** Whether a state of the original tool is in use: what the tool writes while it is read would be missed. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";

/** How the files of a state stand, to be compared later. */
export type Standing = string;

const PARTS = ["", "-wal", "-journal"] as const;

/** Size and time of each file that a state consists of. */
export function readStanding(path: string): Standing {
  const parts = PARTS.map((suffix) => {
    const stats = statSync(path + suffix, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? "" : `${stats.size} ${stats.mtimeNs}`;
  });
  return parts.join("; ");
}

/**
 * The process that has the state open, such as `process 4711 (python3)`; undefined when there is none, or when the system
 * does not tell. SQLite's locks do not serve: between two transactions the tool holds none, and a try would write beside
 * the file.
 */
export function findUser(path: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const real = realpathSync(path);
  const open = PARTS.map((suffix) => real + suffix);
  const pid = readdirSync("/proc").find(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid && hasOpen(name, open),
  );
  return pid === undefined ? undefined : `process ${pid} (${processName(pid)})`;
}

function hasOpen(pid: string, paths: readonly string[]): boolean {
  const folder = join("/proc", pid, "fd");
  try {
    return readdirSync(folder).some((fd) => paths.includes(readLink(join(folder, fd))));
  } catch {
    // It has ended, or is somebody else's.
    return false;
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function processName(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "comm"), "utf8").trim();
  } catch {
    return "ended meanwhile";
  }
}
