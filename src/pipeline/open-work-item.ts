import type { Lookup } from "../catalog/catalog.ts";
import { type CatalogFile, fileKey } from "../core/file.ts";
import { type FilePlan, planFiles, type PlannedFile, type RefusedFile } from "../core/file-plan.ts";
import { type Receipt, makeReceipt } from "../core/receipt.ts";
import { shortenName } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import { isBitSet } from "../core/bitmap.ts";
import type { FailureRecord, StateEvent } from "../state/ledger.ts";
import type { Claim, KnownFile } from "../state/work-queue.ts";
import { chooseRunFiles } from "./chosen-files.ts";
import { FreshLinks } from "./fresh-links.ts";
import type { PipelineControl, PipelineOptions, Stages } from "./pipeline.ts";

/** A file that is to go through a slot. */
export interface FileTask {
  readonly item: OpenWorkItem;
  readonly file: CatalogFile;
  /** Its number in catalog order; undefined when this lookup does not list it. */
  readonly place: number | undefined;
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
  readonly partition: number;
  /** Aborts when its partition is lost: begin nothing more. */
  readonly lost: AbortSignal;
  /** Files in slots, or waiting for their commit. */
  inFlight = 0;
  /** A file of it was taken into a slot. */
  hasBegun = false;
  readonly #record: (event: StateEvent) => void;
  readonly #onFile: PipelineControl["onFile"];
  #left = 0;
  #failed = 0;
  #problems: readonly string[] = [];
  /** Shared by the work item's files. */
  readonly freshLinks: FreshLinks;

  /**
   * @param links counts the links renewed, for all work items together
   * @param onFile told of the files that end without a try
   */
  constructor(
    claim: Claim,
    workItemName: string,
    stages: Stages,
    links: { renewed: number },
    onFile?: PipelineControl["onFile"],
  ) {
    this.id = claim.id;
    this.workItem = { ...claim.workItem, workItemName };
    this.partition = claim.partition;
    this.lost = claim.lost;
    this.freshLinks = new FreshLinks(stages.surroundings, stages.catalog, claim.workItem, links);
    this.#record = (event) => stages.state.ledger.record(event);
    this.#onFile = onFile;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Records what the lookup gave, and gives the files that are to be done in this start. */
  open(claim: Claim, lookup: Lookup, options: PipelineOptions): FileTask[] {
    const { files, leftOut } = chooseRunFiles(lookup, claim.knownFiles);
    const plan = planFiles(this.workItem, files, options);
    const receipt = makeReceipt(files);
    const vanished = vanishedFiles(plan, claim.knownFiles);
    this.#problems = lookup.problems;
    this.#record({
      kind: "work-item-opened",
      workItem: this.id,
      workItemName: this.workItem.workItemName,
      filesTotal: plan.files.length + plan.refused.length + vanished.length,
      duplicates: plan.duplicates,
      leftOut,
      receipt,
      vanished: vanished.map(({ file }) => file),
      ...(claim.knownFiles.size === 0 ? {} : { places: placesOfKnown(plan, claim.knownFiles) }),
    });
    const findKnown = (file: CatalogFile) => claim.knownFiles.get(fileKey(file));
    const isElsewhere = doneElsewhere(claim, receipt);
    // What got into the target before a later lookup took its name away, or no longer lists it, is still owed its
    // announcement.
    const owed = [
      ...plan.refused.filter(({ file }) => findKnown(file)?.inTarget === true),
      ...vanished.filter(({ known }) => known.inTarget).map(({ file }) => this.#named(file, options)),
    ];
    for (const refused of plan.refused) {
      if (findKnown(refused.file)?.inTarget !== true) this.#refuse(refused, findKnown(refused.file));
    }
    for (const { file, known } of vanished)
      if (!known.inTarget) this.#vanish(this.#named(file, options), known);
    const tasks = [...plan.files, ...owed].flatMap((planned) => {
      const known = findKnown(planned.file);
      if (isElsewhere(planned.place) && known?.completed !== true && known?.skipped !== true) {
        const { file, place } = planned;
        this.#record({ kind: "file-done-elsewhere", workItem: this.id, file, place });
        return [];
      }
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
    { file, blobName, place, shortened = false }: NamedFile & Pick<Partial<PlannedFile>, "shortened">,
    known: KnownFile | undefined,
    options: PipelineOptions,
  ): FileTask {
    if (known?.inTarget === true) {
      // It has its name, whatever a later plan makes of it.
      const name = known.blobName ?? this.#named(file, options).blobName;
      const { takenOver } = known;
      return { item: this, file, place, blobName: name, specialName: undefined, inTarget: true, takenOver };
    }
    const isPlain = blobName === options.template.render(this.workItem, file.fileName);
    return {
      item: this,
      file,
      place,
      blobName,
      specialName: isPlain ? undefined : { blobName, shortened },
      inTarget: false,
      takenOver: false,
    };
  }

  /** A file with its plain name. */
  #named(file: CatalogFile, options: PipelineOptions): NamedFile {
    return {
      file,
      place: undefined,
      blobName: shortenName(options.template.render(this.workItem, file.fileName)),
    };
  }

  #refuse(refused: RefusedFile, known: KnownFile | undefined): void {
    if (known?.completed === true || known?.skipped === true) return;
    if (known?.failed === true || refused.outcome === "failed") this.#failed++;
    if (known?.failed === true) return;
    this.#endUntried(refused, refused.place);
  }

  /** A file of an earlier lookup that the catalog no longer lists and that never got into the target. */
  #vanish(named: { file: CatalogFile; blobName: string }, known: KnownFile): void {
    if (known.skipped) return;
    this.#failed++;
    if (known.failed) return;
    const message = "the catalog no longer lists this file";
    this.#endUntried({ ...named, outcome: "failed", code: "source-not-found", message }, undefined);
  }

  /** Records and reports the end of a file that no slot tries: the one place where that happens. */
  #endUntried(
    { file, blobName, outcome, code, message }: Omit<RefusedFile, "place">,
    place: number | undefined,
  ): void {
    const failure: FailureRecord = { code, message, attempts: 0 };
    const kind = outcome === "failed" ? "file-failed" : "file-skipped";
    this.#record({ kind, workItem: this.id, file, place, failure });
    const { workItem } = this;
    this.#onFile?.({ workItem, fileName: file.fileName, blobName, outcome, attempts: 0, failure });
  }
}

/**
 * The name that blob names are made from: the catalog's, else the CSV's. Once a file is in the target, it stays what it
 * was, or its announcement would name another blob.
 */
export function chooseName({ workItem, knownFiles, openedAs }: Claim, lookup: Lookup): string {
  const isNamed = openedAs !== undefined && [...knownFiles.values()].some(({ inTarget }) => inTarget);
  if (isNamed) return openedAs;
  return lookup.workItemName === "" ? workItem.workItemName : lookup.workItemName;
}

/** A work item's unusable catalog rows as its failure. */
export function catalogFailure(problems: readonly string[]): FailureRecord {
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
  return { code: "catalog-error", message: problems.slice(0, 3).join("; ") + more, attempts: 1 };
}

type NamedFile = Pick<FileTask, "file" | "place" | "blobName">;

/** Which places another machine had completed, when the lookup gives what it gave there. */
function doneElsewhere(
  { elsewhere }: Claim,
  { count, digest }: Receipt,
): (place: number | undefined) => boolean {
  if (elsewhere?.receipt.count !== count || elsewhere.receipt.digest !== digest) return () => false;
  return (place) => place !== undefined && isBitSet(elsewhere.completed, place);
}

/** Where this lookup lists the files that were known before. */
function placesOfKnown(
  { files, refused }: FilePlan,
  knownFiles: ReadonlyMap<string, KnownFile>,
): Map<string, number> {
  const places = new Map<string, number>();
  for (const { file, place } of [...files, ...refused]) {
    const key = fileKey(file);
    if (knownFiles.has(key)) places.set(key, place);
  }
  return places;
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
