/**
 * Looks for secrets in whatever a test run wrote, by ideas of its own: texts, files, zips, SQLite files, whole folders.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";

/** The emulator's account key, which everybody knows; the tests sign with it. */
export const EMULATOR_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Each with a name for the message of a test. */
const SIGNS: readonly (readonly [string, RegExp])[] = [
  ["a signature", /sig(?:=|%3D|%253D)[A-Za-z0-9+/%]{20,}/i],
  ["the emulator's key", new RegExp(EMULATOR_KEY.slice(0, 40).replaceAll("+", "\\+"))],
  ["an account key", /AccountKey=[A-Za-z0-9+/]{20,}/i],
  ["a signed request", /SharedKey [\w-]+:[A-Za-z0-9+/]{20,}/],
  ["a token", /eyJ[\w-]{8,}\.eyJ[\w-]{8,}/],
  ["a bearer token", /Bearer [\w.~+/-]{20,}/],
];

/** What was found: where and what; empty when all is well. @param planted values that the test brought in */
export function secretsIn(text: string, where: string, planted: readonly string[] = []): string[] {
  const signs = SIGNS.filter(([, sign]) => sign.test(text)).map(([name]) => `${where}: ${name}`);
  const values = planted.filter((value) => text.includes(value) || text.includes(encodeURIComponent(value)));
  return [...signs, ...values.map((value) => `${where}: the planted ${value}`)];
}

/** The same of a file's bytes; of a zip also of what is in it. */
export function secretsInFile(path: string, planted: readonly string[] = []): string[] {
  const bytes = readFileSync(path);
  const members = bytes.subarray(0, 2).toString() === "PK" ? Object.entries(unzipSync(bytes)) : [];
  return [
    ...secretsIn(bytes.toString("latin1"), path, planted),
    ...members.flatMap(([name, member]) =>
      secretsIn(Buffer.from(member).toString("utf8"), `${path}/${name}`, planted),
    ),
  ];
}

/** The same of all files in a folder. @param inputs names of files that the test itself wrote with secrets */
export function secretsInFolder(
  folder: string,
  planted: readonly string[],
  inputs: readonly string[],
): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !inputs.includes(entry.name))
    .flatMap((entry) => secretsInFile(join(entry.parentPath, entry.name), planted));
}
