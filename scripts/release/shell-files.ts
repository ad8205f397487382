/** What shells and `man` read: completions as the program prints them, and the manual page. */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build/root.ts";
import { writeFileAt } from "./write-file.ts";

/** By the names under which each shell looks for them. */
const FILES = { bash: "reupload.bash", zsh: "_reupload", fish: "reupload.fish", powershell: "reupload.ps1" };

/** Writes `completions/` and `reupload.1` into the folder. @returns the folder */
export function makeShellFiles(folder: string): string {
  for (const [shell, name] of Object.entries(FILES)) {
    const main = join(ROOT, "dist", "cli", "main.js");
    writeFileAt(
      join(folder, "completions", name),
      execFileSync(process.execPath, [main, "completion", shell]),
    );
  }
  copyFileSync(join(ROOT, "dist", "reupload.1"), join(folder, "reupload.1"));
  return folder;
}
