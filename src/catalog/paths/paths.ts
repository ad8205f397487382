/** The `paths` catalog of `reupload upload`: one work item, whose files are those that the operator's paths name. */
import { hash } from "node:crypto";
import { resolve } from "node:path";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import type { Catalog } from "../catalog.ts";
import { type FileFinder, type FoundFiles, nothingFound, perWorkItemCatalog } from "../per-work-item.ts";
import { filesAt } from "./files-at.ts";

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
  return perWorkItemCatalog(new PathsFinder(given, await findFiles(given, signal)));
}

function findFiles({ paths, folder, isLeftOut }: GivenPaths, signal: AbortSignal): Promise<FoundFiles> {
  return filesAt(paths, folder, signal, isLeftOut);
}

class PathsFinder implements FileFinder {
  readonly identity: string;
  readonly batchSize = 1;
  readonly #given: GivenPaths;
  #found: FoundFiles;

  constructor(given: GivenPaths, found: FoundFiles) {
    this.identity = pathsIdentity(given);
    this.#given = given;
    this.#found = found;
  }

  async find(
    workItem: WorkItem,
    { signal, fresh }: { signal: AbortSignal; fresh: boolean },
  ): Promise<FoundFiles> {
    if (!this.#isOurs(workItem)) return nothingFound;
    if (fresh) this.#found = await findFiles(this.#given, signal);
    return this.#found;
  }

  countFiles(workItem: WorkItem): number | undefined {
    return this.#isOurs(workItem) ? this.#found.files.length : undefined;
  }

  #isOurs(workItem: WorkItem): boolean {
    return workItemKey(workItem) === workItemKey(this.#given.workItem);
  }
}
