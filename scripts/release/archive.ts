/** The archive of an executable: with its licences, manual page and completions, so that one download has everything. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../build/root.ts";
import type { Platform } from "./platforms.ts";

/** An executable, and what is known about it. */
export interface Made {
  readonly platform: Platform;
  readonly executable: string;
  /** Node's licence. */
  readonly licence: string;
  /** The folder of `makeShellFiles`. */
  readonly shellFiles: string;
  readonly version: string;
  /** When the commit was made, s since the epoch. */
  readonly time: number;
  /** For what is made on the way. */
  readonly scratch: string;
  /** Where the release lies. */
  readonly out: string;
}

/** What makes tar write the same bytes whoever calls it, and when. */
const SAME_BYTES = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=ustar"];
const LARGEST_BYTES = 2 ** 30;

/** Writes `reupload-VERSION-PLATFORM.tar.gz`, which every system of today can unpack, Windows too. */
export function makeArchive({
  platform,
  executable,
  licence,
  shellFiles,
  version,
  time,
  scratch,
  out,
}: Made): void {
  const name = `reupload-${version}-${platform.name}`;
  const folder = join(scratch, "archive", name);
  mkdirSync(folder, { recursive: true });
  const program = join(folder, platform.os === "win32" ? "reupload.exe" : "reupload");
  copyFileSync(executable, program);
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  copyFileSync(join(ROOT, "dist", "THIRD-PARTY-LICENSES.txt"), join(folder, "THIRD-PARTY-LICENSES.txt"));
  copyFileSync(licence, join(folder, "NODE-LICENSE.txt"));
  cpSync(shellFiles, folder, { recursive: true });
  chmodSync(program, 0o755);
  const flags = [...SAME_BYTES, `--mtime=@${time}`, "--mode=u=rwX,go=rX"];
  const tar = execFileSync("tar", [...flags, "-cf", "-", name], {
    cwd: join(scratch, "archive"),
    maxBuffer: LARGEST_BYTES,
  });
  writeFileSync(join(out, `${name}.tar.gz`), gzipSync(tar));
}
