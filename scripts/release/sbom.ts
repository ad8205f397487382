/** The software bill of materials of a release: the packages in the bundle, and the Node in each executable. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Enums, Models, Serialize, Spec, SPDX } from "@cyclonedx/cyclonedx-library";
import type { Bundle } from "../build/bundle.ts";
import { ROOT } from "../build/root.ts";
import type { Platform } from "./platforms.ts";

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}

/**
 * As CycloneDX 1.6 in JSON. Without a serial number, which would be another each time.
 *
 * @param time s since the epoch
 */
export function sbomText({ facts, packages }: Bundle, platforms: readonly Platform[], time: number): string {
  const program = component(Enums.ComponentType.Application, {
    name: "reupload",
    version: facts.version,
    licence: "MIT",
    integrity: undefined,
  });
  const lock = readLock(ROOT);
  const nodeLock = readLock(join(ROOT, "scripts", "release", "node"));
  const parts = [
    ...packages.map(({ name, version, licence, folder }) =>
      component(Enums.ComponentType.Library, {
        name,
        version,
        licence,
        integrity: lock.packages[folder.slice(ROOT.length + 1).replaceAll("\\", "/")]?.integrity,
      }),
    ),
    ...platforms.map(({ nodePackage }) => {
      const { version = "", integrity } = nodeLock.packages[`node_modules/${nodePackage}`] ?? {};
      return component(Enums.ComponentType.Platform, {
        name: nodePackage,
        version,
        licence: "MIT",
        integrity,
      });
    }),
  ];
  for (const part of parts) program.dependencies.add(part.bomRef);
  const metadata = new Models.Metadata({ component: program, timestamp: new Date(time * 1000) });
  const bom = new Models.Bom({ metadata, components: new Models.ComponentRepository(parts) });
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 1 })}\n`;
}

interface Part {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** As npm's lock files have it: `sha512-...`. */
  readonly integrity: string | undefined;
}

function component(type: Enums.ComponentType, { name, version, licence, integrity }: Part): Models.Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [, sha512] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
  return new Models.Component(type, name, {
    version,
    bomRef: purl,
    purl,
    licenses: new Models.LicenseRepository([toLicence(licence)]),
    hashes: new Models.HashDictionary(
      sha512 === undefined
        ? []
        : [[Enums.HashAlgorithm["SHA-512"], Buffer.from(sha512, "base64").toString("hex")]],
    ),
  });
}

function toLicence(name: string): Models.LicenseExpression | Models.SpdxLicense | Models.NamedLicense {
  if (/ (?:OR|AND|WITH) /.test(name)) return new Models.LicenseExpression(name);
  return SPDX.isSupportedSpdxId(name) ? new Models.SpdxLicense(name) : new Models.NamedLicense(name);
}

function readLock(folder: string): LockFile {
  return JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as LockFile;
}
