/**
 * `npm run release`: makes what a version is given out as, in `release/`: single executables with their archives, Debian
 * packages, the npm package, an SBOM and SHA-256 sums. The same commit gives the same bytes (`npm run release:compare`).
 *
 * `node scripts/release.ts [--platform linux-x64]... [--out FOLDER]`; without a platform all of them. Runs on Linux x64
 * with npm, GNU tar and dpkg-deb.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildBundle } from "./build/bundle.ts";
import { commitTime } from "./build/build-facts.ts";
import { ROOT } from "./build/root.ts";
import { makeArchive } from "./release/archive.ts";
import { programAssets } from "./release/assets.ts";
import { writeChecksums } from "./release/checksums.ts";
import { makeDebianPackage } from "./release/debian.ts";
import { makeExecutable } from "./release/executable.ts";
import { NodePackages } from "./release/node-packages.ts";
import { makeNpmPackage } from "./release/npm-package.ts";
import { findPlatform, PLATFORMS } from "./release/platforms.ts";
import { sbomText } from "./release/sbom.ts";
import { makeShellFiles } from "./release/shell-files.ts";
import { checkStructure } from "./release/structure.ts";
import { writeFileAt } from "./release/write-file.ts";

const { values } = parseArgs({
  options: { platform: { type: "string", multiple: true }, out: { type: "string" } },
});
const platforms = values.platform?.map(findPlatform) ?? PLATFORMS;
const out = resolve(values.out ?? join(ROOT, "release"));
const scratch = mkdtempSync(join(tmpdir(), "reupload-release-"));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const bundle = await buildBundle();
  const { version } = bundle.facts;
  const time = commitTime();
  if (time === undefined) throw new Error("a release is made of a commit: this is no clone");
  const nodes = new NodePackages(join(scratch, "node"));
  makeNpmPackage(out);
  const shellFiles = makeShellFiles(join(scratch, "shell"));
  for (const platform of platforms) {
    say(`${platform.name} ...`);
    const name = `reupload-${version}-${platform.name}`;
    const executable = join(out, platform.os === "win32" ? `${name}.exe` : name);
    const assets = programAssets(platform, nodes, join(scratch, platform.name));
    await makeExecutable(platform, { assets, scratch }, nodes, executable);
    checkStructure(readFileSync(executable), platform);
    const made = {
      platform,
      executable,
      licence: nodes.nodeLicence(),
      shellFiles,
      version,
      time,
      scratch,
      out,
    };
    makeArchive(made);
    if (platform.os === "linux") makeDebianPackage(made);
  }
  writeFileAt(join(out, `reupload-${version}.cdx.json`), sbomText(bundle, platforms, time));
  writeChecksums(out);
  say(`made in ${out}`);
} finally {
  rmSync(scratch, { recursive: true });
}
