import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A package of npm whose code is in the program. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json names it, an SPDX expression as a rule. */
  readonly licence: string;
  /** Where it is installed. */
  readonly folder: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
}

/** The packages of these modules, in the order of their names. @throws Error for a package that names no licence */
export function findBundledPackages(moduleIds: readonly string[]): BundledPackage[] {
  const folders = new Set(moduleIds.map(packageFolder).filter((folder) => folder !== undefined));
  return [...folders]
    .map(readPackage)
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** Up to the last `node_modules/NAME` or `node_modules/@SCOPE/NAME` */
function packageFolder(id: string): string | undefined {
  return /^\0?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id)?.[1];
}

function readPackage(folder: string): BundledPackage {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license } = manifest;
  const licence = typeof license === "string" ? license : license?.type;
  if (licence === undefined) throw new Error(`${name} names no licence`);
  return { name, version, licence, folder };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
