// Packs the project, installs the package into an empty folder without the development dependencies, and tries it
// there: the commands that need nothing else work, those that need the emulator say how to get it, and a Node that
// is too old gets one clear line. Needs the package registry.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const { version } = /** @type {{ version: string }} */ (
  JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
);
const folder = mkdtempSync(join(tmpdir(), "reupload-package-"));

/** @param {string} node @param {string[]} args */
function reupload(node, ...args) {
  const script = join(folder, "node_modules", "reupload", "bin", "reupload.js");
  const env = { ...process.env, NODE_V8_COVERAGE: "" };
  const { status, stdout, stderr } = spawnSync(node, [script, ...args], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

/** A Node in the path that is not the project's own; undefined when there is none. */
function otherNode() {
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((entry) => !entry.includes("node_modules"))
    .join(delimiter);
  const found = spawnSync("node", ["-p", "process.execPath"], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

try {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", 2],
  });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
  execFileSync(
    "npm",
    ["install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error", `./reupload-${version}.tgz`],
    {
      cwd: folder,
      stdio: ["ignore", "ignore", 2],
    },
  );

  const node = process.execPath;
  const shown = reupload(node, "--version");
  assert.equal(shown.status, 0, shown.stderr);
  assert.ok(shown.stdout.startsWith(`${version} (commit `), shown.stdout);

  writeFileSync(join(folder, "a b.csv"), "JobId,WorkItemId\nj,1889211721\nj,1889211722\n");
  const partitions = reupload(node, "partitions", "a b.csv", "2");
  assert.equal(partitions.status, 0, partitions.stderr);
  assert.match(partitions.stdout, /Partition 1:\n {2}Count: {5}1 \(50\.0%\)\n {2}Samples: {3}1889211722\n/);

  const demo = reupload(node, "demo");
  assert.equal(demo.status, 2, demo.stdout + demo.stderr);
  assert.match(demo.stderr, /npm install azurite/);

  const old = otherNode();
  const oldMajor =
    old === undefined
      ? 0
      : Number(/^v(\d+)/.exec(execFileSync(old, ["--version"], { encoding: "utf8" }))?.[1]);
  if (old === undefined || oldMajor >= 24) {
    process.stdout.write("skipped: there is no Node older than 24 here to be refused\n");
  } else {
    const refused = reupload(old, "--version");
    assert.equal(refused.status, 2);
    assert.match(
      refused.stderr,
      /^error: reupload needs Node\.js 24 or newer, this is v\d+\.\d+\.\d+\.\nInstall .*\n$/,
    );
  }
  process.stdout.write(`The package reupload-${version}.tgz installs and works.\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
