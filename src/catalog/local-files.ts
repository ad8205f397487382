/**
 * Finds the files below a local folder. Everything that is there is either a file, or told as a problem: what cannot
 * be read, is no regular file, has a name that is not UTF-8, or leads out of the folder that may not be left.
 *
 * Symbolic links are followed as long as they stay within that folder. A linked folder that is walked already, in a
 * loop or by its own name, is passed over: its files are there under their own names.
 */
import { isUtf8 } from "node:buffer";
import type { Dirent, Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { systemErrorCode } from "../core/errors.ts";
import type { CatalogFile } from "../core/file.ts";
import type { FileChoice } from "../core/file-filter.ts";
import type { FoundFiles } from "./per-work-item.ts";

/** Files that are looked at at once. */
const AT_ONCE = 32;

/** Which of the files below a folder are found. */
export interface WalkLimits {
  /** The real path that links may not leave. */
  readonly fence: string;
  /** Which files are taken; all when left out. What cannot be used is a problem whatever it says. */
  readonly takes?: FileChoice | undefined;
}

/**
 * All files below the folder, in any order. A file's name is its path below it, with `/`.
 *
 * @param top absolute
 * @throws the system's error when `top` itself cannot be read
 */
export async function filesBelow(top: string, limits: WalkLimits, signal: AbortSignal): Promise<FoundFiles> {
  const walk = new Walk(limits, signal);
  await walk.down({ path: top, real: await realpath(top), name: "" });
  return walk;
}

/** A regular file as a catalog lists it. */
export function localFile(fileName: string, path: string, { size }: Stats): CatalogFile {
  return { fileName, uri: pathToFileURL(path).href, length: size };
}

/** Whether the real path is the folder or lies below it. */
export function isWithin(real: string, folder: string): boolean {
  return real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The code of an error of the file system (`ENOENT`); undefined for any other. */
export function fileSystemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && "syscall" in thrown ? systemErrorCode(thrown) : undefined;
}

/** A folder on the way. */
interface Folder {
  readonly path: string;
  /** The same without links. */
  readonly real: string;
  /** Below the top; empty for the top itself. */
  readonly name: string;
}

class Walk implements FoundFiles {
  readonly files: CatalogFile[] = [];
  readonly leftOut: CatalogFile[] = [];
  readonly problems: string[] = [];
  readonly #fence: string;
  readonly #takes: FileChoice | undefined;
  readonly #signal: AbortSignal;
  readonly #folders: Folder[] = [];
  /** Kept until every folder that bears its own name is walked. */
  readonly #linkedFolders: Folder[] = [];
  readonly #walked = new Set<string>();
  /** The top without links. */
  #top = "";

  constructor({ fence, takes }: WalkLimits, signal: AbortSignal) {
    this.#fence = fence;
    this.#takes = takes;
    this.#signal = signal;
  }

  async down(top: Folder): Promise<void> {
    this.#top = top.real;
    await this.#enter(top);
    for (;;) {
      const next = this.#folders.shift() ?? this.#linkedFolders.shift();
      if (next === undefined) return;
      try {
        await this.#enter(next);
      } catch (thrown) {
        // What was removed meanwhile is not there.
        if (fileSystemCode(thrown) !== "ENOENT") this.#tellUnreadable(next.name, thrown);
      }
    }
  }

  async #enter(folder: Folder): Promise<void> {
    if (this.#walked.has(folder.real)) return;
    this.#signal.throwIfAborted();
    const entries = await readdir(folder.path, { encoding: "buffer", withFileTypes: true });
    this.#walked.add(folder.real);
    // The order decides which of several links to a folder counts.
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      this.#signal.throwIfAborted();
      await Promise.all(entries.slice(at, at + AT_ONCE).map(async (entry) => this.#take(folder, entry)));
    }
  }

  async #take(parent: Folder, entry: Dirent<Buffer>): Promise<void> {
    const name = below(parent.name, entry.name.toString());
    if (!isUtf8(entry.name)) {
      this.problems.push(`the name of ${name} is not UTF-8 (in hexadecimal: ${entry.name.toString("hex")})`);
      return;
    }
    const own = entry.name.toString();
    const found = { path: join(parent.path, own), real: join(parent.real, own), name };
    try {
      if (entry.isSymbolicLink()) await this.#follow(parent, found);
      else if (entry.isDirectory()) this.#folders.push(found);
      else this.#takeFile(found, await stat(found.path));
    } catch (thrown) {
      const isMissing = fileSystemCode(thrown) === "ENOENT";
      if (!isMissing) this.#tellUnreadable(name, thrown);
      else if (entry.isSymbolicLink()) this.problems.push(`${name} is a link to nothing`);
      // What was removed meanwhile is not there.
    }
  }

  #takeFile({ path, name }: Folder, stats: Stats): void {
    if (!stats.isFile()) {
      this.problems.push(`${name} is not a regular file`);
      return;
    }
    const isTaken = this.#takes?.({ fileName: name, length: stats.size, modifiedAt: stats.mtimeMs }) ?? true;
    (isTaken ? this.files : this.leftOut).push(localFile(name, path, stats));
  }

  async #follow(parent: Folder, link: Folder): Promise<void> {
    const real = await realpath(link.path);
    if (!isWithin(real, this.#fence)) {
      this.problems.push(`${link.name} is a link that leads outside of ${this.#fence}`);
      return;
    }
    const stats = await stat(link.path);
    const isAbove = isWithin(parent.real, real) || isWithin(this.#top, real);
    if (!stats.isDirectory()) this.#takeFile(link, stats);
    else if (isAbove && !this.#walked.has(real)) {
      this.problems.push(`${link.name} is a link to a folder that contains the link itself`);
    } else this.#linkedFolders.push({ ...link, real });
  }

  #tellUnreadable(name: string, thrown: unknown): void {
    this.#signal.throwIfAborted();
    const code = fileSystemCode(thrown);
    if (code === undefined) throw thrown;
    this.problems.push(`${name} cannot be read (${code})`);
  }
}

function below(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
