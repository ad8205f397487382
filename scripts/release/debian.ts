/** The Debian package of an executable. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../build/root.ts";
import type { Made } from "./archive.ts";
import { writeFileAt } from "./write-file.ts";

const ARCHITECTURES = { x64: "amd64", arm64: "arm64" } as const;

/** Writes `reupload_VERSION_ARCHITECTURE.deb`. */
export function makeDebianPackage({
  platform,
  executable,
  licence,
  shellFiles,
  version,
  time,
  scratch,
  out,
}: Made): void {
  const architecture = ARCHITECTURES[platform.cpu];
  const folder = join(scratch, "debian");
  rmSync(folder, { recursive: true, force: true });
  const put = (from: string, to: string): void => {
    const path = join(folder, to);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(from, path);
    chmodSync(path, to.startsWith("usr/bin/") ? 0o755 : 0o644);
  };
  put(executable, "usr/bin/reupload");
  put(join(shellFiles, "completions", "reupload.bash"), "usr/share/bash-completion/completions/reupload");
  put(join(shellFiles, "completions", "_reupload"), "usr/share/zsh/vendor-completions/_reupload");
  put(join(shellFiles, "completions", "reupload.fish"), "usr/share/fish/vendor_completions.d/reupload.fish");
  const page = readFileSync(join(shellFiles, "reupload.1"));
  writeFileAt(join(folder, "usr/share/man/man1/reupload.1.gz"), gzipSync(page, { level: 9 }));
  const changes = readFileSync(join(ROOT, "CHANGELOG.md"));
  writeFileAt(join(folder, "usr/share/doc/reupload/changelog.gz"), gzipSync(changes, { level: 9 }));
  writeFileAt(join(folder, "usr/share/doc/reupload/copyright"), copyright(licence));
  writeFileAt(join(folder, "DEBIAN/control"), control(version, architecture));
  execFileSync("chmod", ["-R", "u=rwX,go=rX", folder]);
  // The same bytes for the same commit: no file is newer than it, and nobody owns one.
  execFileSync(
    "dpkg-deb",
    ["--root-owner-group", "-Zgzip", "--build", folder, join(out, `reupload_${version}_${architecture}.deb`)],
    {
      stdio: ["ignore", "ignore", 2],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    },
  );
}

/** What Node's own builds need of the system. */
function control(version: string, architecture: string): string {
  const { description, author } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    description: string;
    author: string;
  };
  return `Package: reupload
Version: ${version}
Architecture: ${architecture}
Maintainer: ${author}
Section: utils
Priority: optional
Depends: libc6 (>= 2.28), libstdc++6 (>= 8), libgcc-s1
Description: re-upload the files of failed work items to Azure Blob Storage
 ${description}
 The package contains its own Node.js.
`;
}

function copyright(licence: string): string {
  const texts = [join(ROOT, "LICENSE"), join(ROOT, "dist", "THIRD-PARTY-LICENSES.txt"), licence];
  const [own, packages, node] = texts.map((path) => readFileSync(path, "utf8").trimEnd());
  return `${own}\n\n${packages}\n\nreupload contains Node.js, whose licence is:\n\n${node}\n`;
}
