import { realpathSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ReuploadError } from "../../core/errors.ts";
import { lookAt } from "../../files/files.ts";

/**
 * Where the state file really is: absolute, links followed, so that its lock stands beside the file itself whatever
 * link leads to it.
 *
 * @throws ReuploadError `usage` when its folder does not exist, or when something else than a file stands in its place
 */
export function statePath(given: string): string {
  const path = resolve(given);
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ReuploadError("usage", `the folder ${folder} of the state ${given} does not exist`, {
      advice: "Create the folder, or give another path with --state-db.",
    });
  }
  const place = lookAt(path);
  if (place.kind === "nothing") return join(realpathSync(folder), basename(path));
  if (place.kind === "file") return place.path;
  throw new ReuploadError("usage", `the state ${given} is ${place.what}, not a file`, {
    advice:
      place.what === "a folder"
        ? `Give a file in this folder: --state-db ${join(given, "reupload_state.db")}`
        : "Give with --state-db the path of a file, or a path where nothing exists yet.",
  });
}

/** `f_type` of file systems whose files are on another machine: no shared memory, so no write-ahead log. */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
};

/** The name of the network file system with this `f_type`, or undefined. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS[type >>> 0];
}

/**
 * The network share that a Windows path names: `\\server\share\...`, with slashes, or in the forms `\\?\UNC\` and
 * `\\.\UNC\`. Shares of the own machine count, too: they are reached through the network redirector, and so are the files of
 * WSL (`\\wsl.localhost\...`).
 *
 * @returns `\\server\share`; undefined for a path on a drive (`C:\...`, `\\?\C:\...`) or a device
 */
export function windowsShare(path: string): string | undefined {
  const plain = path.replaceAll("/", "\\");
  const [, server, share] =
    /^\\\\[?.]\\UNC\\([^\\]+)\\([^\\]+)/i.exec(plain) ?? /^\\\\([^\\?.][^\\]*)\\([^\\]+)/.exec(plain) ?? [];
  return server === undefined || share === undefined ? undefined : `\\\\${server}\\${share}`;
}

/** @throws ReuploadError `state-network-disk` */
export async function refuseNetworkDisk(path: string): Promise<void> {
  const name =
    process.platform === "win32"
      ? shareOfWindows(dirname(path))
      : networkFileSystem((await statfs(dirname(path))).type);
  if (name === undefined) return;
  throw new ReuploadError("state-network-disk", `the state ${path} is on a network file system (${name})`);
}

/** A drive letter that is mapped to a share shows in the folder's final path alone, as the system gives it. */
function shareOfWindows(folder: string): string | undefined {
  const named = windowsShare(folder);
  if (named !== undefined) return named;
  try {
    return windowsShare(realpathSync.native(folder));
  } catch {
    // Some drivers of local disks cannot tell the final path.
    return undefined;
  }
}
