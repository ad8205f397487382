import type { Lookup } from "../catalog/catalog.ts";
import { type CatalogFile, fileKey } from "../core/file.ts";
import { type FilePlan, planFiles, type PlannedFile, type RefusedFile } from "../core/file-plan.ts";
import { receiptOf } from "../core/receipt.ts";
import { shortenName } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { ClaimedWorkItem, FailureRecord, KnownFile, StateEvent } from "../state/state-store.ts";
import { FreshLinks } from "./fresh-links.ts";
import type { PipelineOptions, Stages } from "./pipeline.ts";

/** A file that is to go through a slot. */
export interface FileTask {
  readonly item: OpenWorkItem;
  readonly file: CatalogFile;
  readonly blobName: string;
  /** Given to the state when it is not the template's plain name. */
  readonly specialName: { readonly blobName: string; readonly shortened: boolean } | undefined;
  /** In the target since an earlier start: only the announcement is owed. */
  readonly inTarget: boolean;
  /** It was put there by another tool, before this run. */
  readonly takenOver: boolean;
}

/**
 * A claimed work item from its lookup to its end: which of its files are to be done in this start, and how they went.
 * It tells the state about itself through `record`.
 */
export class OpenWorkItem {
  readonly id: number;
  readonly workItem: WorkItem;
  readonly #record: (event: StateEvent) => void;
  #left = 0;
  #failed = 0;
  #problems: readonly string[] = [];
  /** Shared by the work item's files. */
  readonly freshLinks: FreshLinks;

  /** @param links counts the links renewed, for all work items together */
  constructor(claim: ClaimedWorkItem, workItemName: string, stages: Stages, links: { renewed: number }) {
    this.id = claim.id;
    this.workItem = { ...claim.workItem, workItemName };
    this.freshLinks = new FreshLinks(stages.catalog, claim.workItem, links);
    this.#record = (event) => stages.store.record(event);
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Records what the lookup gave, and gives the files that are to be done in this start. */
  open(claim: ClaimedWorkItem, lookup: Lookup, options: PipelineOptions): FileTask[] {
    const plan = planFiles(this.workItem, lookup.files, options);
    const vanished = vanishedFiles(plan, claim.knownFiles);
    this.#problems = lookup.problems;
    this.#record({
      kind: "work-item-opened",
      workItem: this.id,
      workItemName: this.workItem.workItemName,
      filesTotal: plan.files.length + plan.refused.length + vanished.length,
      duplicates: plan.duplicates,
      receipt: receiptOf(lookup.files),
      vanished: vanished.map(({ file }) => file),
    });
    const knownOf = (file: CatalogFile) => claim.knownFiles.get(fileKey(file));
    // What got into the target before a later lookup took its name away, or no longer lists it, is still owed its
    // announcement.
    const owed = [
      ...plan.refused.filter(({ file }) => knownOf(file)?.inTarget === true),
      ...vanished.filter(({ known }) => known.inTarget).map(({ file }) => this.#named(file, options)),
    ];
    for (const refused of plan.refused) {
      if (knownOf(refused.file)?.inTarget !== true) this.#refuse(refused, knownOf(refused.file));
    }
    for (const { file, known } of vanished) if (!known.inTarget) this.#vanish(file, known);
    const tasks = [...plan.files, ...owed].flatMap((planned) => {
      const known = knownOf(planned.file);
      if (known?.failed === true) this.#failed++;
      const isSettled = known !== undefined && (known.completed || known.failed || known.skipped);
      return isSettled ? [] : [this.#task(planned, known, options)];
    });
    this.#left = tasks.length;
    return tasks;
  }

  /** One of its files is done with. */
  fileDone(outcome: "completed" | "skipped" | "failed"): void {
    this.#left--;
    if (outcome === "failed") this.#failed++;
  }

  /** Records the end of a work item that has files. */
  finish(): void {
    const failure: FailureRecord | undefined =
      this.#problems.length === 0 ? undefined : catalogFailure(this.#problems);
    const status = this.#failed === 0 && failure === undefined ? "completed" : "failed";
    this.#record({
      kind: "work-item-finished",
      workItem: this.id,
      status,
      ...(failure === undefined ? {} : { failure }),
    });
  }

  #task(
    { file, blobName, shortened = false }: Pick<PlannedFile, "file" | "blobName"> & Partial<PlannedFile>,
    known: KnownFile | undefined,
    options: PipelineOptions,
  ): FileTask {
    if (known?.inTarget === true) {
      // It has its name, whatever a later plan makes of it.
      const name = known.blobName ?? this.#named(file, options).blobName;
      const { takenOver } = known;
      return { item: this, file, blobName: name, specialName: undefined, inTarget: true, takenOver };
    }
    const isPlain = blobName === options.template.render(this.workItem, file.fileName);
    return {
      item: this,
      file,
      blobName,
      specialName: isPlain ? undefined : { blobName, shortened },
      inTarget: false,
      takenOver: false,
    };
  }

  /** A file with its plain name. */
  #named(file: CatalogFile, options: PipelineOptions): { file: CatalogFile; blobName: string } {
    return { file, blobName: shortenName(options.template.render(this.workItem, file.fileName)) };
  }

  #refuse(refused: RefusedFile, known: KnownFile | undefined): void {
    if (known?.completed === true || known?.skipped === true) return;
    if (known?.failed === true || refused.outcome === "failed") this.#failed++;
    if (known?.failed === true) return;
    this.#record({
      kind: refused.outcome === "failed" ? "file-failed" : "file-skipped",
      workItem: this.id,
      file: refused.file,
      failure: { code: refused.code, message: refused.message, attempts: 1 },
    });
  }

  /** A file of an earlier lookup that the catalog no longer lists and that never got into the target. */
  #vanish(file: CatalogFile, known: KnownFile): void {
    if (known.skipped) return;
    this.#failed++;
    if (known.failed) return;
    const message = "the catalog listed it before and no longer does";
    this.#record({
      kind: "file-failed",
      workItem: this.id,
      file,
      failure: { code: "source-not-found", message, attempts: 1 },
    });
  }
}

/**
 * The name that blob names are made from: the catalog's, else the CSV's. Once a file is in the target, it stays what it
 * was, or its announcement would name another blob.
 */
export function nameOf({ workItem, knownFiles, openedAs }: ClaimedWorkItem, lookup: Lookup): string {
  const isNamed = openedAs !== undefined && [...knownFiles.values()].some(({ inTarget }) => inTarget);
  if (isNamed) return openedAs;
  return lookup.workItemName === "" ? workItem.workItemName : lookup.workItemName;
}

/** A work item's unusable catalog rows as its failure. */
export function catalogFailure(problems: readonly string[]): FailureRecord {
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
  return { code: "catalog-error", message: problems.slice(0, 3).join("; ") + more, attempts: 1 };
}

function vanishedFiles(
  plan: FilePlan,
  knownFiles: ReadonlyMap<string, KnownFile>,
): { file: CatalogFile; known: KnownFile }[] {
  if (knownFiles.size === 0) return [];
  const listed = new Set([...plan.files, ...plan.refused].map(({ file }) => fileKey(file)));
  return [...knownFiles]
    .filter(([key]) => !listed.has(key))
    .map(([key, known]) => {
      const [fileName = "", uri = ""] = key.split("\0");
      return { file: { fileName, uri }, known };
    });
}
