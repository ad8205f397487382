import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.ts";

/** What the program knows about its own making. */
export interface BuildFacts {
  readonly version: string;
  /** Twelve digits; with `-dirty` when the files differ from it; undefined outside of a clone. */
  readonly commit?: string;
}

/** Of the files as they lie there now. */
export function readBuildFacts(): BuildFacts {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const commit = git("describe", "--always", "--abbrev=12", "--exclude=*", "--dirty");
  return commit === undefined ? { version } : { version, commit };
}

/** When the commit was made, s since the epoch, or what SOURCE_DATE_EPOCH says; undefined outside of a clone. */
export function commitTime(): number | undefined {
  const told = process.env["SOURCE_DATE_EPOCH"] ?? git("log", "-1", "--format=%ct");
  return told === undefined ? undefined : Number(told);
}

function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
