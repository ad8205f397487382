import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { isExecutable } from "../surroundings/program-files.ts";

/**
 * Finds Azurite's start script as Node finds packages, from each of these folders in turn.
 *
 * @throws ReuploadError `emulator-missing` when it is in none of them
 */
export async function findAzurite(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const manifest = resolveFrom(folder, "azurite/package.json");
    if (manifest === undefined) continue;
    const { bin } = JSON.parse(await readFile(manifest, "utf8")) as { bin: Record<string, string> };
    return join(dirname(manifest), bin["azurite"] ?? "dist/src/azurite.js");
  }
  throw new ReuploadError(
    "emulator-missing",
    "the storage emulator (npm package azurite) is not installed",
    isExecutable() ? { advice: "Install Node.js, and the emulator in this folder: npm install azurite" } : {},
  );
}

function resolveFrom(folder: string, path: string): string | undefined {
  try {
    return createRequire(join(folder, "resolve.js")).resolve(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
