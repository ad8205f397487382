/**
 * The `folder` catalog: a work item's files are those below its folder in a local one, `{jobId}/{workItemId}/` unless
 * said otherwise. What is there and cannot be used is told as a problem of its work item (`local-files.ts` says what).
 */
import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { ReuploadError } from "../../core/errors.ts";
import { FileFailure } from "../../core/failure.ts";
import type { FileChoice } from "../../core/file-filter.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { Catalog } from "../catalog.ts";
import { fileSystemCode, filesBelow, isWithin } from "../local-files.ts";
import { type FileFinder, type FoundFiles, nothingFound, perWorkItemCatalog } from "../per-work-item.ts";
import { workItemFolder } from "../work-item-folder.ts";
import { checkFolder, type SourceFolder } from "./source-folder.ts";

/**
 * @param takes which files are taken; all when left out
 * @throws ReuploadError `source-invalid` when the folder cannot be read
 */
export async function openFolder(source: SourceFolder, takes?: FileChoice): Promise<Catalog> {
  await checkFolder(source);
  const opened = { real: await realpath(source.path), stats: await stat(source.path) };
  return perWorkItemCatalog(new FolderFinder(source, opened, takes));
}

class FolderFinder implements FileFinder {
  readonly identity: string;
  readonly batchSize = 4;
  readonly #source: SourceFolder;
  /** The folder without links. */
  readonly #real: string;
  readonly #opened: Stats;
  readonly #takes: FileChoice | undefined;

  constructor(
    source: SourceFolder,
    opened: { readonly real: string; readonly stats: Stats },
    takes: FileChoice | undefined,
  ) {
    this.identity = source.identity;
    this.#source = source;
    this.#real = opened.real;
    this.#opened = opened.stats;
    this.#takes = takes;
  }

  async find(workItem: WorkItem, { signal }: { signal: AbortSignal }): Promise<FoundFiles> {
    const folder = workItemFolder(this.#source.prefix, workItem);
    const top = join(this.#source.path, folder);
    try {
      if (!isWithin(await realpath(top), this.#real)) {
        throw new FileFailure("catalog-error", `its folder ${folder} leads outside of ${this.#source.path}`);
      }
      return await filesBelow(top, { fence: this.#real, takes: this.#takes }, signal);
    } catch (thrown) {
      const code = fileSystemCode(thrown);
      if (signal.aborted || code === undefined) throw thrown;
      await this.#expectThere();
      if (code === "ENOENT") return nothingFound;
      throw new FileFailure("catalog-error", `its folder ${folder} cannot be read (${code})`, {
        cause: thrown,
      });
    }
  }

  /**
   * A disk that was taken away must not make every work item look empty.
   *
   * @throws ReuploadError `unavailable`
   */
  async #expectThere(): Promise<void> {
    const now = await stat(this.#source.path).catch(() => undefined);
    if (now?.dev === this.#opened.dev && now.ino === this.#opened.ino) return;
    throw new ReuploadError(
      "unavailable",
      `The folder ${this.#source.path} no longer exists, or another folder is in its place.`,
      {
        advice: "Restore it (is its disk mounted?), then run again with --resume.",
      },
    );
  }
}
