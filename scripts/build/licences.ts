import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BundledPackage } from "./bundled-packages.ts";

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice|thirdpartynotices?)(?:[.-].*)?$/i;

/** The licences of all these packages as one text, with what each asks to be passed on. */
export function licencesText(packages: readonly BundledPackage[]): string {
  const parts = packages.map(({ name, version, licence, folder }) => {
    const texts = readdirSync(folder)
      .filter((file) => LICENCE_FILE.test(file))
      .toSorted()
      .map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim());
    return [`${name} ${version}`, `Licence: ${licence}`, ...texts].join("\n\n");
  });
  const rule = `\n\n${"-".repeat(78)}\n\n`;
  return `reupload contains code of these packages:${rule}${parts.join(rule)}\n`;
}
