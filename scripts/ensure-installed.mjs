// Runs on any Node, before the project's own Node 24 is there: installs the dependencies when they are missing or
// when the lock file changed since, so that `npm test` and `npm run demo` each work alone in a fresh clone.
import { execSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const lock = readFileSync(new URL("package-lock.json", root), "utf8");
const marker = new URL("node_modules/.reupload-installed", root);

if (!existsSync(marker) || readFileSync(marker, "utf8") !== lock) {
  process.stderr.write("Installing dependencies (npm ci)...\n");
  execSync("npm ci --no-fund --no-audit --loglevel=error", { cwd: root, stdio: ["ignore", 2, 2] });
  writeFileSync(marker, lock);
}
