/**
 * What an event does to a claimed work item, its files and the counters, in memory; what changed is noted in
 * `ChangedRows` for the next commit. Every move is checked against `core/states.ts` before anything is touched.
 */
import { ReuploadError } from "../../core/errors.ts";
import type { FailureCode } from "../../core/failure.ts";
import { fileKey } from "../../core/file.ts";
import { redact } from "../../core/secret.ts";
import { fileMayMove, workItemMayMove, type WorkItemStatus } from "../../core/states.ts";
import type { FailureRecord, StateEvent } from "../ledger.ts";
import type { ChangedRows } from "./changed-rows.ts";
import { bytesPut, type Counters, countFile, countWorkItem } from "./counters.ts";
import { FACT, fileStatus } from "./facts.ts";
import type { FailureCounts } from "./failure-counts.ts";
import type { FileDetail, FileEntry, HeldWorkItem } from "./held-work-item.ts";
import type { PartitionBytes } from "./partition-bytes.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

export interface EventContext {
  readonly counters: Counters;
  readonly failures: FailureCounts;
  readonly bytes: PartitionBytes;
  readonly writes: ChangedRows;
  readonly nextFileId: () => number;
  /** The number of this start. */
  readonly start: number;
  readonly surroundings: Surroundings;
}

type EventOf<Kind extends StateEvent["kind"]> = Extract<StateEvent, { kind: Kind }>;
type FileEvent = EventOf<
  "file-uploaded" | "file-completed" | "file-done-elsewhere" | "file-failed" | "file-skipped"
>;

/** Whole seconds since the epoch. */
function nowSeconds({ surroundings }: EventContext): number {
  return Math.floor(surroundings.wall() / 1000);
}

/** @throws ReuploadError `internal` on an impossible move; nothing has changed then */
export function applyEvent(item: HeldWorkItem, event: StateEvent, context: EventContext): void {
  switch (event.kind) {
    case "work-item-opened":
      return applyOpened(item, event, context);
    case "file-uploaded":
    case "file-completed":
    case "file-done-elsewhere":
    case "file-failed":
    case "file-skipped":
      return applyFile(item, event, context);
    case "work-item-finished":
      return applyFinished(item, event, context);
  }
}

/** Gives a claimed work item back. @param to `not_mine` when its partition was withdrawn */
export function applyRelease(item: HeldWorkItem, to: "pending" | "not_mine", context: EventContext): void {
  moveWorkItem(item, to, context);
  // Files that nobody here will finish are not left here.
  if (to === "pending") return;
  const ended = item.accountedFor - item.tally.uploaded;
  context.counters.files_total += ended - item.filesTotal;
  item.filesTotal = ended;
}

/** Claims a pending work item. */
export function applyClaim(item: HeldWorkItem, context: EventContext): void {
  moveWorkItem(item, "in_progress", context);
  item.startedAt = nowSeconds(context);
}

function applyOpened(item: HeldWorkItem, event: EventOf<"work-item-opened">, context: EventContext): void {
  const { counters } = context;
  if (item.opened) throw impossible(item, "it is opened twice");
  noteDrift(item, event, context);
  countWorkItem(counters, item, -1);
  counters.files_total += event.filesTotal - item.filesTotal;
  counters.files_duplicates += event.duplicates - item.duplicates;
  const { leftOut = 0 } = event;
  counters.files_left_out += leftOut - item.leftOut;
  item.opened = true;
  item.catalogName =
    event.workItemName === "" || event.workItemName === item.workItem.workItemName
      ? null
      : event.workItemName;
  item.filesTotal = event.filesTotal;
  item.duplicates = event.duplicates;
  item.leftOut = leftOut;
  item.receipt = event.receipt;
  item.elsewhere = undefined;
  countWorkItem(counters, item, 1);
  context.writes.addWorkItem(item);
  notePlaces(item, event, context);
}

/** Known files are where this lookup lists them. */
function notePlaces(
  item: HeldWorkItem,
  { places }: EventOf<"work-item-opened">,
  { writes }: EventContext,
): void {
  for (const [key, entry] of item.files) {
    const place = places?.get(key) ?? null;
    if (entry.place === place) continue;
    entry.place = place;
    writes.addFile(entry);
  }
}

/**
 * Counts what this lookup gave otherwise than the one before. A file that vanished is marked, and counts until it is
 * listed again; one that vanished untouched has no row, and shows only in the number of different entries.
 */
function noteDrift(
  item: HeldWorkItem,
  { receipt, duplicates, vanished = [] }: EventOf<"work-item-opened">,
  { counters, writes }: EventContext,
): void {
  const gone = new Set(vanished.map(fileKey));
  let goneAnew = 0;
  let cameBack = 0;
  for (const [key, entry] of item.files) {
    const isGone = gone.has(key);
    if (isGone === ((entry.facts & FACT.vanished) !== 0)) continue;
    if (isGone) goneAnew++;
    else cameBack++;
    entry.facts ^= FACT.vanished;
    writes.addFile(entry);
  }
  counters.drift_files_vanished += goneAnew - cameBack;
  const before = item.receipt;
  if (before === undefined || (before.count === receipt.count && before.digest === receipt.digest)) return;
  const more = receipt.count - duplicates - (before.count - item.duplicates);
  const untouched = more + goneAnew - cameBack;
  counters.drift_work_items++;
  counters.drift_files_added += cameBack + Math.max(0, untouched);
  counters.drift_files_vanished += Math.max(0, -untouched);
}

function applyFile(item: HeldWorkItem, event: FileEvent, context: EventContext): void {
  if (!item.opened) throw impossible(item, `${event.kind} before it was opened`);
  const key = fileKey(event.file);
  const known = item.files.get(key);
  const before = known?.facts ?? 0;
  const after = factsAfter(before, event);
  const from = fileStatus(before);
  const to = fileStatus(after ?? before);
  if (after === undefined || !fileMayMove(from, to)) {
    throw impossible(item, `${event.kind} for a file that is ${from}: ${event.file.fileName}`);
  }

  const entry = known ?? item.addFile(key, event.file, context.nextFileId());
  const putBefore = bytesPut(before, entry.bytes);
  countFile(context.counters, before, entry.bytes, -1);
  context.failures.countFile(entry, -1);
  entry.facts = after;
  entry.at = nowSeconds(context);
  entry.place = event.place ?? null;
  if (event.kind === "file-uploaded") {
    entry.bytes = event.bytes ?? null;
    entry.contentMd5 = event.contentMd5;
    if (event.shortened) context.counters.files_shortened++;
  }
  countFile(context.counters, after, entry.bytes, 1);
  context.bytes.add(item.partition, bytesPut(after, entry.bytes) - putBefore);
  item.tally[from]--;
  item.tally[to]++;
  noteDetail(entry, event);
  noteTry(entry, event, context.start);
  if (event.incidents !== undefined && event.incidents.length > 0) {
    entry.incidents = [...(entry.incidents ?? []), ...event.incidents];
  }
  context.failures.countFile(entry, 1);
  context.writes.addFile(entry);
}

/** What did not succeed is kept also when a later try did. */
function noteTry(entry: FileEntry, event: FileEvent, start: number): void {
  if (event.kind !== "file-failed" && event.kind !== "file-skipped") return;
  const outcome = event.kind === "file-failed" ? "failed" : "skipped";
  const { code, attempts, requestId } = event.failure;
  const message = redact(event.failure.message);
  entry.tries ??= [];
  entry.tries.push({ outcome, code, message, attempts, requestId, at: entry.at * 1000, start });
}

/** undefined when the facts forbid the event, whatever the status. */
function factsAfter(before: number, event: FileEvent): number | undefined {
  switch (event.kind) {
    case "file-uploaded":
      // What is in the target is never uploaded again, only announced.
      if (before & FACT.inTarget) return undefined;
      return (
        (before & ~FACT.failed) |
        FACT.inTarget |
        (event.alreadyThere ? FACT.alreadyThere : 0) |
        (event.takenOver === true ? FACT.takenOver : 0)
      );
    case "file-completed":
      if (!(before & FACT.inTarget)) return undefined;
      return before | FACT.completed | (event.announced ? FACT.announced : 0);
    case "file-done-elsewhere":
      if (before & FACT.completed) return undefined;
      return (before & ~FACT.failed) | FACT.inTarget | FACT.announced | FACT.completed | FACT.elsewhere;
    case "file-failed":
      return before | FACT.failed;
    case "file-skipped":
      return before | FACT.skipped;
  }
}

/** A detail that is there is brought up to date, so that no old failure stays with a file that succeeded. */
function noteDetail(entry: FileEntry, event: FileEvent): void {
  const detail = eventDetail(event);
  if (!entry.hasDetail && detail.code === null && detail.attempts <= 1 && detail.blobName === null) return;
  // Two events in one commit: the later one says how it stands, the earlier one's name and attempts stay.
  const earlier = entry.detail;
  entry.detail = {
    ...detail,
    attempts: Math.max(detail.attempts, earlier?.attempts ?? 1),
    blobName: detail.blobName ?? earlier?.blobName ?? null,
  };
  entry.hasDetail = true;
  entry.code = detail.code;
}

function eventDetail(event: FileEvent): FileDetail {
  const none: FileDetail = { code: null, message: null, attempts: 1, requestId: null, blobName: null };
  switch (event.kind) {
    case "file-uploaded":
      return { ...none, attempts: event.attempts, blobName: event.blobName ?? null };
    case "file-completed":
    case "file-done-elsewhere":
      return none;
    case "file-failed":
    case "file-skipped":
      return { ...none, ...toColumns(event.failure) };
  }
}

function toColumns(failure: FailureRecord): Omit<FileDetail, "blobName"> & { code: FailureCode } {
  return {
    code: failure.code,
    message: redact(failure.message),
    attempts: failure.attempts,
    requestId: failure.requestId ?? null,
  };
}

/**
 * Completed means that every file is done: anything else is a gap. A work item that failed as a whole, or was not
 * even opened in this start, has the files that are known from before.
 */
function applyFinished(
  item: HeldWorkItem,
  event: EventOf<"work-item-finished">,
  context: EventContext,
): void {
  const { tally } = item;
  const gap = item.opened && item.filesTotal > item.accountedFor;
  const failedAsAWhole = event.status === "failed" && event.failure !== undefined;
  if (!failedAsAWhole) {
    const wrong =
      gap ||
      tally.uploaded > 0 ||
      (event.status === "failed") !== tally.failed > 0 ||
      (event.status === "empty" && item.accountedFor > 0);
    if (wrong) {
      throw impossible(
        item,
        `it is finished as ${event.status}, but of ${item.filesTotal} files ${tally.completed} are completed, ` +
          `${tally.skipped} skipped, ${tally.failed} failed, ${tally.uploaded} not announced`,
      );
    }
  }
  moveWorkItem(item, event.status, context);
  context.counters.files_total += item.accountedFor - item.filesTotal;
  item.filesTotal = item.accountedFor;
  item.finishedAt = nowSeconds(context);
  item.failure = event.failure && { ...event.failure, message: redact(event.failure.message) };
  if (failedAsAWhole) context.failures.countWorkItem(event.failure.code, 1);
}

function moveWorkItem(item: HeldWorkItem, to: WorkItemStatus, { counters, writes }: EventContext): void {
  if (!workItemMayMove(item.status, to)) throw impossible(item, `from ${item.status} to ${to}`);
  countWorkItem(counters, item, -1);
  item.status = to;
  countWorkItem(counters, item, 1);
  writes.addWorkItem(item);
}

function impossible(item: HeldWorkItem, what: string): ReuploadError {
  const { jobId, workItemId } = item.workItem;
  return new ReuploadError("internal", `impossible move of work item ${workItemId} of job ${jobId}: ${what}`);
}
