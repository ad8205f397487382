import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** @returns its path when it is one of these files, else on PATH; undefined when it is neither */
export async function findProgram(
  name: string,
  files: readonly (string | undefined)[] = [],
): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  for (const path of [...files, ...folders.map((folder) => join(folder, name))]) {
    if (path !== undefined && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What the program prints. @throws when it fails */
export async function outputOf(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await run(program, args, cwd === undefined ? {} : { cwd });
  return stdout.trim();
}
