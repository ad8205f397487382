// Runs on any Node, before the project's own Node 24 is there: installs the dependencies when they are missing or not
// those of the lock file, so that `npm test` and `npm run demo` each work alone in a fresh clone.
import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);

/** @typedef {Record<string, { version?: string, optional?: boolean }>} Packages */

/**
 * The packages of a lock file, by place. npm writes one of what it installed into node_modules.
 *
 * @param {string} path
 * @returns {Packages}
 */
function packagesOf(path) {
  try {
    const lock = /** @type {{ packages: Packages }} */ (
      JSON.parse(readFileSync(new URL(path, root), "utf8"))
    );
    return lock.packages;
  } catch {
    return {};
  }
}

const installed = packagesOf("node_modules/.package-lock.json");
const isCurrent = Object.entries(packagesOf("package-lock.json")).every(
  ([place, wanted]) =>
    place === "" ||
    installed[place]?.version === wanted.version ||
    // What is for another platform is not installed.
    (installed[place] === undefined && wanted.optional),
);

if (!isCurrent) {
  process.stderr.write("Installing dependencies (npm ci)...\n");
  execSync("npm ci --no-fund --no-audit --loglevel=error", { cwd: root, stdio: ["ignore", 2, 2] });
}
