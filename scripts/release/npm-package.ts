import { execFileSync } from "node:child_process";
import { ROOT } from "../build/root.ts";

/** Writes `reupload-VERSION.tgz` of the built program; npm itself writes the same bytes for the same files. */
export function makeNpmPackage(out: string): void {
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", out], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", 2],
  });
}
