import { hash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The SHA-256 sums of the files in a folder, as `sha256sum --check` reads them. */
export function checksumLines(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name !== "SHA256SUMS");
  return names.toSorted().map((name) => `${hash("sha256", readFileSync(join(folder, name)))}  ${name}`);
}

/** Writes `SHA256SUMS` for all files of a release. */
export function writeChecksums(folder: string): void {
  writeFileSync(join(folder, "SHA256SUMS"), `${checksumLines(folder).join("\n")}\n`);
}
