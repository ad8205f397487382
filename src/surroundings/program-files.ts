/**
 * The files that belong to the program besides its code: queries, and the code of its threads. In the package they lie
 * beside `src` and `dist`; in the single executable they are its assets, and there is nothing beside it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { getAsset, isSea } from "node:sea";
import { Worker, type WorkerOptions } from "node:worker_threads";

/** The package: this file is in a folder of `src`, and so is the one in `dist` that contains it. */
const PACKAGE = join(import.meta.dirname, "..", "..");

/** Whether this process is the single executable, which has no package and is no Node that would run a script. */
export function isExecutable(): boolean {
  return isSea();
}

/** The text of such a file. @param path from the package's folder, with slashes @throws when there is none */
export function readProgramFile(path: string): string {
  return isSea() ? getAsset(path, "utf8") : readFileSync(join(PACKAGE, path), "utf8");
}

/** The names of the files in a folder of the package. */
export function listProgramFiles(folder: string): string[] {
  if (!isSea()) return readdirSync(join(PACKAGE, folder)).toSorted();
  // Node lists them itself only since 24.8.
  const all = JSON.parse(getAsset("assets.json", "utf8")) as string[];
  const inside = all.filter((path) => path.startsWith(`${folder}/`));
  return inside.map((path) => path.slice(folder.length + 1)).toSorted();
}

/** Starts a thread of the program. @param path of its code below `src`, without an ending */
export function startThread(path: string, options: WorkerOptions): Worker {
  if (isSea()) return new Worker(getAsset(`dist/${path}.js`, "utf8"), { ...options, eval: true });
  // Both are two folders deep: this file in `src`, and the one in `dist` that contains it.
  return new Worker(join(import.meta.dirname, "..", `${path}${extname(import.meta.filename)}`), options);
}
