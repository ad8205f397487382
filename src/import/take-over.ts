import type { Lookup } from "../catalog/catalog.ts";
import { fileKey } from "../core/file.ts";
import { planFiles, type PlannedFile, type RefusedFile } from "../core/file-plan.ts";
import { makeReceipt } from "../core/receipt.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { OriginalFile, OriginalWorkItem } from "../state/original-states.ts";
import type { StateEvent } from "../state/ledger.ts";
import type { Claim } from "../state/work-queue.ts";
import type { ImportOptions } from "./import.ts";

/** What is taken over of one work item. takenOver + notListed + refused are its completed files. */
export interface TakenOver {
  /** To be recorded in this order; none when nothing is taken over. */
  readonly events: readonly StateEvent[];
  readonly takenOver: number;
  readonly notListed: number;
  readonly refused: number;
  /** Files that the catalog lists and that are not taken over. */
  readonly missing: number;
}

/**
 * Finds the completed files of a work item among those that the catalog lists: by name and link without query, or by
 * the name alone where the old state has no link and the catalog no second file of that name.
 */
export function takeOver(
  claim: Claim,
  known: OriginalWorkItem,
  lookup: Lookup,
  options: ImportOptions,
): TakenOver {
  // As the pipeline names it.
  const workItem: WorkItem = {
    ...claim.workItem,
    workItemName: lookup.workItemName === "" ? claim.workItem.workItemName : lookup.workItemName,
  };
  const plan = planFiles(workItem, lookup.files, options);
  const listed = new Listed<PlannedFile | RefusedFile>([...plan.files, ...plan.refused]);
  const taken = new Set<PlannedFile>();
  let notListed = 0;
  let refused = 0;
  let repeated = 0;
  for (const file of known.completed) {
    const found = listed.find(file);
    if (found === undefined) notListed++;
    else if ("outcome" in found) refused++;
    else if (taken.has(found)) repeated++;
    else taken.add(found);
  }
  const filesTotal = plan.files.length + plan.refused.length;
  const opened: StateEvent = {
    kind: "work-item-opened",
    workItem: claim.id,
    workItemName: workItem.workItemName,
    filesTotal,
    duplicates: plan.duplicates,
    receipt: makeReceipt(lookup.files),
  };
  const files = [...taken].flatMap((planned) => takeOverEvents(claim.id, planned, workItem, options));
  return {
    events: files.length === 0 ? [] : [opened, ...files],
    takenOver: taken.size + repeated,
    notListed,
    refused,
    missing: filesTotal - taken.size,
  };
}

function takeOverEvents(
  id: number,
  { file, place, blobName, shortened }: PlannedFile,
  workItem: WorkItem,
  { template, announceExisting }: ImportOptions,
): StateEvent[] {
  const isPlain = blobName === template.render(workItem, file.fileName);
  const uploaded: StateEvent = {
    kind: "file-uploaded",
    workItem: id,
    file,
    place,
    bytes: file.length,
    alreadyThere: true,
    takenOver: true,
    attempts: 1,
    ...(isPlain ? {} : { blobName, shortened }),
  };
  return announceExisting === "always"
    ? [uploaded]
    : [uploaded, { kind: "file-completed", workItem: id, file, place, announced: false }];
}

/** All files of a work item, to be found as an old state names them. */
class Listed<File extends Pick<PlannedFile, "file">> {
  readonly #byKey: ReadonlyMap<string, File>;
  readonly #byName: ReadonlyMap<string, readonly File[]>;

  constructor(files: readonly File[]) {
    this.#byKey = new Map(files.map((planned) => [fileKey(planned.file), planned]));
    this.#byName = Map.groupBy(files, ({ file }) => file.fileName);
  }

  find({ fileName, uri }: OriginalFile): File | undefined {
    if (uri !== undefined) return this.#byKey.get(fileKey({ fileName, uri }));
    const named = this.#byName.get(fileName) ?? [];
    return named.length === 1 ? named[0] : undefined;
  }
}
