/** The `paths` catalog of `reupload upload`: one work item, whose files are those that the operator's paths name. */
import { hash } from "node:crypto";
import { resolve } from "node:path";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import type { Catalog, Lookup, Survey } from "../catalog.ts";
import { type FoundFiles, lookUpEach, nothingFound } from "../look-up-each.ts";
import { filesAt } from "./files-at.ts";
import { recheckByLookup } from "../recheck.ts";

export interface GivenPaths {
  readonly workItem: WorkItem;
  /** As given; seen from `folder`. */
  readonly paths: readonly string[];
  /** The working folder, absolute. */
  readonly folder: string;
  /** Whether a file (its absolute path) is not meant, whatever names it. */
  readonly isLeftOut?: (path: string) => boolean;
}

/** Kind and place; the same for the same set of paths. */
export function pathsIdentity({ paths, folder }: Omit<GivenPaths, "workItem">): string {
  const whole = [...new Set(paths.map((path) => resolve(folder, path)))].sort();
  return `paths:${hash("sha256", whole.join("\0"), "hex").slice(0, 16)}`;
}

/** @throws ReuploadError `usage` when the paths name no file */
export async function openPaths(given: GivenPaths, signal: AbortSignal): Promise<Catalog> {
  return new PathsCatalog(given, await findFiles(given, signal));
}

function findFiles({ paths, folder, isLeftOut }: GivenPaths, signal: AbortSignal): Promise<FoundFiles> {
  return filesAt(paths, folder, signal, isLeftOut);
}

class PathsCatalog implements Catalog {
  readonly identity: string;
  readonly batchSize = 1;
  readonly #given: GivenPaths;
  #found: FoundFiles;

  constructor(given: GivenPaths, found: FoundFiles) {
    this.identity = pathsIdentity(given);
    this.#given = given;
    this.#found = found;
  }

  lookup(
    workItems: readonly WorkItem[],
    { signal, fresh = false }: { signal: AbortSignal; fresh?: boolean },
  ): AsyncIterable<Lookup> {
    return lookUpEach(workItems, signal, async (workItem, both) => {
      if (!this.#isOurs(workItem)) return nothingFound;
      if (fresh) this.#found = await findFiles(this.#given, both);
      return this.#found;
    });
  }

  async *survey(
    workItems: AsyncIterable<readonly WorkItem[]>,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<readonly Survey[]> {
    signal.throwIfAborted();
    const files = this.#found.files.length;
    for await (const batch of workItems) {
      const ours = batch.filter((workItem) => this.#isOurs(workItem));
      if (ours.length > 0) yield ours.map((workItem) => ({ workItem, files, linksEndAt: undefined }));
    }
  }

  recheck(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly Survey[]> {
    return recheckByLookup(this, workItems, options);
  }

  rejectedRows(): { readonly count: number; readonly file: string | undefined } {
    return { count: 0, file: undefined };
  }

  async close(): Promise<void> {}

  #isOurs(workItem: WorkItem): boolean {
    return workItemKey(workItem) === workItemKey(this.#given.workItem);
  }
}
