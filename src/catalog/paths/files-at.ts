import type { Stats } from "node:fs";
import { glob, readlink, realpath, stat } from "node:fs/promises";
import { normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ReuploadError } from "../../core/errors.ts";
import type { CatalogFile } from "../../core/file.ts";
import { fileSystemCode, filesBelow, localFile } from "../local-files.ts";
import type { FoundFiles } from "../per-work-item.ts";

/**
 * The files that an operator's paths name: files, folders with all that is below them, and patterns (`out/*.json`,
 * `out/**`) that the shell did not expand. A file's name is its path as given, without what leads up or to the root;
 * one that is named twice is taken once.
 *
 * @param folder the working folder, absolute
 * @param isLeftOut whether a file (its absolute path) is not meant, whatever names it
 * @throws ReuploadError `usage` for a path that names nothing, or when there is no file at all
 */
export async function filesAt(
  paths: readonly string[],
  folder: string,
  signal: AbortSignal,
  isLeftOut: (path: string) => boolean = () => false,
): Promise<FoundFiles> {
  const gathered = new Gathered(folder, signal, isLeftOut);
  for (const path of paths) {
    signal.throwIfAborted();
    await gathered.add(path);
  }
  const { files, problems } = gathered;
  if (files.size === 0 && problems.length === 0) {
    throw new ReuploadError("usage", `There is no file in ${paths.join(", ")}.`, {
      advice: "Give files, folders that contain files, or patterns such as 'out/*.json'.",
    });
  }
  return { files: [...files.values()], problems };
}

class Gathered {
  /** By link. */
  readonly files = new Map<string, CatalogFile>();
  readonly problems: string[] = [];
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #isLeftOut: (path: string) => boolean;

  constructor(folder: string, signal: AbortSignal, isLeftOut: (path: string) => boolean) {
    this.#folder = folder;
    this.#signal = signal;
    this.#isLeftOut = isLeftOut;
  }

  async add(given: string): Promise<void> {
    const stats = await this.#look(given);
    if (stats !== undefined) return this.#take(given, stats);
    let matches = 0;
    if (/[*?[{]/.test(given)) {
      for await (const match of glob(given, { cwd: this.#folder })) {
        this.#signal.throwIfAborted();
        matches++;
        const found = await this.#look(match);
        if (found !== undefined) await this.#take(match, found);
        else
          this.problems.push(`${match} cannot be read (its name is not UTF-8, or it is a link to nothing)`);
      }
    }
    if (matches > 0) return;
    if (await isLink(resolve(this.#folder, given)))
      throw new ReuploadError("usage", `${given} is a link to nothing.`);
    throw new ReuploadError("usage", `There is no file or folder ${given}.`, {
      advice: `reupload looked for it from ${this.#folder}; check the path.`,
    });
  }

  /** undefined when nothing is there. */
  async #look(given: string): Promise<Stats | undefined> {
    try {
      return await stat(resolve(this.#folder, given));
    } catch (thrown) {
      const code = fileSystemCode(thrown);
      if (code === undefined) throw thrown;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw new ReuploadError("usage", `${given} cannot be read (${code}).`, { cause: thrown });
    }
  }

  async #take(given: string, stats: Stats): Promise<void> {
    const path = resolve(this.#folder, given);
    const name = fileNameFor(given);
    if (stats.isFile()) {
      this.#keep(localFile(name, path, stats));
    } else if (stats.isDirectory()) {
      const { files, problems } = await this.#below(given, path);
      const within = name === "" ? "" : `${name}/`;
      for (const file of files) this.#keep({ ...file, fileName: within + file.fileName });
      for (const problem of problems) this.problems.push(within + problem);
    } else {
      this.problems.push(`${name} is not a regular file`);
    }
  }

  async #below(given: string, path: string): Promise<FoundFiles> {
    try {
      return await filesBelow(path, { fence: await realpath(path) }, this.#signal);
    } catch (thrown) {
      const code = fileSystemCode(thrown);
      if (code === undefined) throw thrown;
      throw new ReuploadError("usage", `The folder ${given} cannot be read (${code}).`, { cause: thrown });
    }
  }

  #keep(file: CatalogFile): void {
    if (this.files.has(file.uri) || this.#isLeftOut(fileURLToPath(file.uri))) return;
    this.files.set(file.uri, file);
  }
}

function isLink(path: string): Promise<boolean> {
  return readlink(path).then(
    () => true,
    () => false,
  );
}

/** The path as a name, as tar has it: `../out/a.json` and `/out/a.json` are `out/a.json`. */
function fileNameFor(given: string): string {
  return normalize(given)
    .split(sep)
    .filter((part) => !["", ".", ".."].includes(part) && !(sep === "\\" && /^[A-Za-z]:$/.test(part)))
    .join("/");
}
