import { type CatalogFile, fileKey, uriWithoutQuery } from "./file.ts";
import type { FailureCode } from "./failure.ts";
import { fileNameProblem, nameProblem, type NameTemplate, shortenName } from "./target-name.ts";
import type { WorkItem } from "./work-item.ts";

export type OnCollision = "report" | "path" | "first";

/** A file with the name it gets in the target. */
export interface PlannedFile {
  readonly file: CatalogFile;
  /** Its number in catalog order among the files that differ by name or link, from 0. */
  readonly place: number;
  readonly blobName: string;
  /** The name was over the service's limit and is kept in the state for the list of shortened names. */
  readonly shortened: boolean;
}

/** A file that is not transferred, and why. */
export interface RefusedFile {
  readonly file: CatalogFile;
  /** As of a planned file. */
  readonly place: number;
  readonly blobName: string;
  readonly outcome: "failed" | "skipped";
  readonly code: FailureCode;
  readonly message: string;
}

export interface FilePlan {
  readonly files: readonly PlannedFile[];
  readonly refused: readonly RefusedFile[];
  /** Entries dropped because another has the same target name and the same link without query. */
  readonly duplicates: number;
}

/**
 * Catalog order: by file name, then link; plain code unit order, the same on every machine and locale. A link's query
 * counts last, so that fresh links leave the order as it was.
 */
export function sortFiles(files: readonly CatalogFile[]): CatalogFile[] {
  return files.toSorted(
    (a, b) =>
      compare(a.fileName, b.fileName) ||
      compare(uriWithoutQuery(a.uri), uriWithoutQuery(b.uri)) ||
      compare(a.uri, b.uri),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Gives each file of a work item its target name. Two entries with one name: same link, one file; different
 * links, the first in catalog order is taken and the others are collisions (`report` fails them, `first` skips
 * them, `path` names them by their whole relative path).
 */
export function planFiles(
  workItem: WorkItem,
  files: readonly CatalogFile[],
  options: { template: NameTemplate; onCollision: OnCollision },
): FilePlan {
  const planned = new Map<string, PlannedFile>();
  const refused: RefusedFile[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  for (const file of sortFiles(files)) {
    const wanted = options.template.render(workItem, file.fileName);
    const problem = fileNameProblem(file.fileName) ?? nameProblem(wanted);
    const key = fileKey(file);
    if (seen.has(key)) {
      duplicates++;
      continue;
    }
    const place = seen.size;
    seen.add(key);
    if (problem !== undefined) {
      refused.push({ file, place, blobName: wanted, outcome: "failed", code: "bad-name", message: problem });
      continue;
    }
    const name = shortenName(wanted);
    const first = planned.get(name);
    if (first === undefined) {
      planned.set(name, { file, place, blobName: name, shortened: name !== wanted });
    } else if (uriWithoutQuery(first.file.uri) === uriWithoutQuery(file.uri)) {
      duplicates++;
    } else {
      const byPath =
        options.onCollision === "path" ? nameByPath(workItem, file, place, options.template) : undefined;
      if (byPath !== undefined && !planned.has(byPath.blobName)) planned.set(byPath.blobName, byPath);
      else refused.push({ ...collision(file, name, first.file, options.onCollision), place });
    }
  }
  return { files: [...planned.values()], refused, duplicates };
}

function nameByPath(
  workItem: WorkItem,
  file: CatalogFile,
  place: number,
  template: NameTemplate,
): PlannedFile | undefined {
  const wanted = template.renderWithPath(workItem, file.fileName);
  if (nameProblem(wanted) !== undefined) return undefined;
  const blobName = shortenName(wanted);
  return { file, place, blobName, shortened: blobName !== wanted };
}

function collision(
  file: CatalogFile,
  blobName: string,
  first: CatalogFile,
  onCollision: OnCollision,
): Omit<RefusedFile, "place"> {
  return {
    file,
    blobName,
    outcome: onCollision === "first" ? "skipped" : "failed",
    code: "name-collision",
    message: `${first.fileName} of the same work item has the same name`,
  };
}
