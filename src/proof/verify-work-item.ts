/** One work item against the target. */
import type { Lookup } from "../catalog/catalog.ts";
import { type FilePlan, planFiles, type PlannedFile } from "../core/file-plan.ts";
import type { CatalogFile } from "../core/file.ts";
import { makeReceipt } from "../core/receipt.ts";
import { redact } from "../core/secret.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { FileCheck, TargetBlob } from "../transfer/transfer.ts";
import {
  type Damage,
  EMPTY_TALLY,
  type Finding,
  type FindingKind,
  type Seen,
  type VerifyDoors,
  type VerifyOptions,
  type VerifyTally,
  type WorkItemRecord,
  type WorkItemVerdict,
} from "./verify.ts";

type Checked = readonly [planned: PlannedFile, check: FileCheck];

/**
 * Compares what a lookup gave with the target.
 *
 * @param workItem as the CSV has it
 * @throws as `TargetCheck`
 */
export async function verifyWorkItem(
  doors: VerifyDoors,
  workItem: WorkItem,
  lookup: Lookup,
  options: VerifyOptions,
): Promise<WorkItemVerdict> {
  const verdict = new VerdictBuilder(workItem);
  const { seen } = doors;
  seen.workItems++;
  if (lookup.failure !== undefined) {
    verdict.lookupFailed(`${lookup.failure.code}: ${lookup.failure.message}`);
    seen.workItemsDone++;
    return verdict.build();
  }
  for (const problem of lookup.problems) verdict.lookupFailed(`catalog-error: ${problem}`);
  const named = nameWorkItem(workItem, lookup);
  const plan = planFiles(named, lookup.files, options);
  const leftOut = leftOutNames(named, lookup, options);
  const record = await doors.records?.read(workItem);
  const expected = expectedFiles(plan, record);
  const prefix = options.template.prefix(named);
  verdict.takePlan(plan, prefix, lookup.leftOut?.length ?? 0);
  seen.files += plan.files.length;
  const { checks, unexpected, list } =
    prefix === undefined
      ? { checks: await lookEach(doors, expected, options), unexpected: [], list: "none" as const }
      : await listAndLook(doors, expected, prefix, options);
  verdict.takeList(
    list,
    unexpected.filter((blobName) => !leftOut.has(blobName)),
  );
  const receipt = makeReceipt(lookup.files);
  for (const [planned, check] of checks) {
    if (check.kind === "different" && record?.isSkipped(planned.file) === true) {
      verdict.leftOut();
      continue;
    }
    const why =
      check.kind === "same" ? record?.whyNotAnnounced(planned.file, planned.place, receipt) : undefined;
    verdict.takeCheck(planned, check, why);
  }
  seen.workItemsDone++;
  return verdict.build({ receipt, places: plan.files.length + plan.refused.length + plan.duplicates });
}

/** With the name that its blobs' names are made from: the catalog's, else the CSV's. */
export function nameWorkItem(workItem: WorkItem, { workItemName }: Pick<Lookup, "workItemName">): WorkItem {
  return workItemName === "" ? workItem : { ...workItem, workItemName };
}

/** Names of the blobs that would be made of files that the run's filter leaves out: they are no extra blobs. */
export function leftOutNames(
  named: WorkItem,
  { leftOut = [] }: Pick<Lookup, "leftOut">,
  options: Pick<VerifyOptions, "template" | "onCollision">,
): ReadonlySet<string> {
  if (leftOut.length === 0) return new Set();
  return new Set(planFiles(named, leftOut, options).files.map(({ blobName }) => blobName));
}

/** The planned files; what the catalog does not know of their lengths is taken from the record. */
function expectedFiles({ files }: FilePlan, record: WorkItemRecord | undefined): readonly PlannedFile[] {
  if (record === undefined) return files;
  return files.map((planned) => {
    if (planned.file.length !== undefined) return planned;
    const length = record.bytesOf(planned.file);
    return length === undefined ? planned : { ...planned, file: { ...planned.file, length } };
  });
}

interface Looked {
  readonly checks: readonly Checked[];
  readonly unexpected: readonly string[];
  /** Whether the blobs were listed, and to the end. */
  readonly list: "none" | "whole" | "given-up";
}

/** Lists the blobs under the prefix, as long as that takes fewer requests than asking for each file. */
async function listAndLook(
  doors: VerifyDoors,
  files: readonly PlannedFile[],
  prefix: string,
  options: VerifyOptions,
): Promise<Looked> {
  const found = new FoundBlobs(files);
  const mostPages = Math.max(1, files.length);
  const isWhole = await doors.turns.take(options.signal, async () => {
    let pages = 0;
    for await (const { blobs, isLast } of doors.target.list(prefix, options)) {
      for (const blob of blobs) found.take(blob);
      if (isLast || ++pages === mostPages) return isLast;
    }
    return true;
  });
  const checks = await Promise.all(
    files.map(async (planned) => {
      const there = found.get(planned);
      // A name that was shortened may begin otherwise.
      const isListed = there !== undefined || (isWhole && planned.blobName.startsWith(prefix));
      return isListed
        ? checkListed(doors, planned, there, options)
        : lookAt(doors, planned, undefined, options);
    }),
  );
  return { checks, unexpected: isWhole ? found.unexpected : [], list: isWhole ? "whole" : "given-up" };
}

async function lookEach(
  doors: VerifyDoors,
  files: readonly PlannedFile[],
  options: VerifyOptions,
): Promise<readonly Checked[]> {
  return Promise.all(files.map(async (planned) => lookAt(doors, planned, undefined, options)));
}

async function checkListed(
  doors: VerifyDoors,
  planned: PlannedFile,
  there: TargetBlob | undefined,
  options: VerifyOptions,
): Promise<Checked> {
  if (there !== undefined && options.depth === "bytes") return lookAt(doors, planned, there, options);
  const check: FileCheck =
    there === undefined ? { kind: "missing" } : doors.target.judge(planned.file, there);
  countSeen(doors.seen, check);
  return [planned, check];
}

function countSeen(seen: Seen, { kind }: FileCheck): void {
  seen.filesDone++;
  if (kind !== "same") seen.filesWrong++;
}

/** Checks one file by requests of its own. */
export async function lookAt(
  { turns, target, seen }: Pick<VerifyDoors, "turns" | "target" | "seen">,
  planned: PlannedFile,
  there: TargetBlob | undefined,
  { depth, signal }: Pick<VerifyOptions, "depth" | "signal">,
): Promise<Checked> {
  const check = await turns.take(signal, async () =>
    target.look(planned.file, planned.blobName, { depth, there, signal }),
  );
  countSeen(seen, check);
  return [planned, check];
}

/** The blobs of a list: those that are expected, and the others. */
class FoundBlobs {
  readonly unexpected: string[] = [];
  readonly #names: ReadonlySet<string>;
  readonly #found = new Map<string, TargetBlob>();

  constructor(files: readonly PlannedFile[]) {
    this.#names = new Set(files.map(({ blobName }) => blobName));
  }

  take(blob: TargetBlob): void {
    if (this.#names.has(blob.name)) this.#found.set(blob.name, blob);
    else this.unexpected.push(blob.name);
  }

  get({ blobName }: PlannedFile): TargetBlob | undefined {
    return this.#found.get(blobName);
  }
}

/** Counts and notes what was found of one work item. */
class VerdictBuilder {
  readonly #workItem: WorkItem;
  readonly #tally: { -readonly [Name in keyof VerifyTally]: number } = { ...EMPTY_TALLY, workItems: 1 };
  readonly #findings: Finding[] = [];
  readonly #missing: number[] = [];
  readonly #different: { place: number; blobName: string }[] = [];
  #unexpected: readonly string[] = [];
  #prefix: string | undefined;

  constructor(workItem: WorkItem) {
    this.#workItem = workItem;
  }

  lookupFailed(why: string): void {
    this.#tally.lookupsFailed = 1;
    this.#note("unreadable", undefined, undefined, why);
  }

  /** @param leftOut files that the run's filter leaves out */
  takePlan({ files, refused }: FilePlan, prefix: string | undefined, leftOut: number): void {
    this.#prefix = prefix;
    this.#tally.files = files.length + refused.length + leftOut;
    this.#tally.leftOut = leftOut;
    if (this.#tally.files === 0 && this.#tally.lookupsFailed === 0) this.#tally.empty = 1;
    for (const { file, blobName, outcome, code, message } of refused) {
      if (outcome === "skipped") this.#tally.leftOut++;
      else {
        this.#tally.refused++;
        this.#note("refused", file, blobName, `${code}: ${message}`);
      }
    }
  }

  leftOut(): void {
    this.#tally.leftOut++;
  }

  takeList(list: Looked["list"], unexpected: readonly string[]): void {
    this.#unexpected = unexpected;
    if (list === "whole") this.#tally.listed = 1;
    if (list === "given-up") this.#tally.notListedToEnd = 1;
  }

  /** @param notAnnounced why it is not, by the record */
  takeCheck(
    { file, place, blobName }: PlannedFile,
    check: FileCheck,
    notAnnounced: string | undefined,
  ): void {
    switch (check.kind) {
      case "same":
        this.#tally[PROVEN[check.provenBy]]++;
        if (notAnnounced === undefined) return;
        this.#tally.notAnnounced++;
        return this.#note("not-announced", file, blobName, notAnnounced);
      case "missing":
        this.#tally.missing++;
        this.#missing.push(place);
        return this.#note("missing", file, blobName, "the target has no blob of this name");
      case "different":
        this.#tally.different++;
        this.#different.push({ place, blobName });
        return this.#note("different", file, blobName, check.how);
      case "unreadable":
        this.#tally.unreadable++;
        return this.#note("unreadable", file, blobName, `${check.code}: ${check.message}`);
    }
  }

  build(looked?: Pick<Damage, "receipt" | "places">): WorkItemVerdict {
    const [missing, different] = [this.#missing, this.#different];
    const isDamaged = missing.length + different.length > 0;
    return {
      workItem: this.#workItem,
      tally: this.#tally,
      findings: this.#findings,
      unexpected: this.#unexpected,
      prefix: this.#prefix,
      damage: looked !== undefined && isDamaged ? { ...looked, missing, different } : undefined,
    };
  }

  #note(kind: FindingKind, file: CatalogFile | undefined, blobName: string | undefined, why: string): void {
    const { jobId, workItemId } = this.#workItem;
    const fileName = file?.fileName;
    this.#findings.push({ kind, jobId, workItemId, fileName, blobName, why: redact(why) });
  }
}

/** Where a file counts whose content was proven in this way. */
export const PROVEN = {
  bytes: "sameByBytes",
  md5: "sameByMd5",
  length: "sameByLength",
  name: "sameByName",
} as const;
