/**
 * A state in memory, the second kind behind the doors: plain loops over rows where SQLite asks. A "disk" is what a kill
 * leaves: it changes with commits alone. It is for tests; nothing of it is fast.
 */
import { countBits } from "../../src/core/bitmap.ts";
import { type Checkpoint, withLeftOut } from "../../src/core/checkpoint.ts";
import { readCheckpointState } from "../../src/core/checkpoint-states.ts";
import { CsvDigest } from "../../src/core/csv-digest.ts";
import { ReuploadError } from "../../src/core/errors.ts";
import type { WorkItemStatus } from "../../src/core/states.ts";
import {
  admittedRecord,
  admittedStatus,
  CheckpointBuilder,
  checkRows,
  factsDoneElsewhere,
  isEmptyAgain,
  isLaterWord,
  isOpen,
  mergeElsewhere,
  NEW_PARTITION,
  type PartitionRecord,
} from "../../src/state/ledger/admission.ts";
import { ChangedRows } from "../../src/state/ledger/changed-rows.ts";
import { bytesPut, countFile, countWorkItem, summarize } from "../../src/state/ledger/counters.ts";
import { applyEvent, type EventContext } from "../../src/state/ledger/events.ts";
import { FACT, fileStatus } from "../../src/state/ledger/facts.ts";
import { FailureCounts } from "../../src/state/ledger/failure-counts.ts";
import { PartitionBytes } from "../../src/state/ledger/partition-bytes.ts";
import { Holdings } from "../../src/state/ledger/holdings.ts";
import type { FailureGroup, Ledger, StateEvent } from "../../src/state/ledger.ts";
import type { Progressed } from "../../src/state/past.ts";
import type { Heartbeat, RunPresence, StartEnding } from "../../src/state/run-presence.ts";
import type { RunRecord, RunStart } from "../../src/state/run-record.ts";
import type { OpenOptions, OpenState } from "../../src/state/state-kind.ts";
import type { SurveyBook } from "../../src/state/survey-book.ts";
import type { WorkQueue } from "../../src/state/work-queue.ts";
import { type Disk, failureGroups, type Row, storeItem } from "./memory-disk.ts";
import { MemoryQueue, MemorySurveys } from "./memory-queue.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

/** An open state over a disk. */
export class MemoryState implements OpenState {
  readonly run: RunRecord;
  readonly start: RunStart;
  readonly queue: WorkQueue;
  readonly ledger: Ledger;
  readonly surveys: SurveyBook;
  readonly presence: RunPresence;
  readonly disk: Disk;
  /** Of those that are pending only these are claimed. */
  only: ReadonlySet<number> | undefined;
  readonly isPart: boolean;
  readonly #part: OpenOptions["only"];
  readonly holdings = new Holdings();
  readonly context: EventContext;
  /** Partitions in the queue. */
  readonly here = new Set<number>();
  readonly #isAuto: boolean;
  #heartbeat: Heartbeat | undefined;
  #ending: StartEnding | undefined;
  #isClosed = false;
  readonly #before: Progressed;

  /** A canary is chosen when the first work items are claimed. */
  choose(): void {
    if (this.#part !== undefined) this.only ??= chosen(this.disk.rows, this.#part);
  }

  constructor(disk: Disk, only: OpenOptions["only"]) {
    this.disk = disk;
    this.run = disk.run;
    this.start = { number: disk.starts, startedAt: Date.now() };
    this.#isAuto = disk.run.identity.partition === "auto";
    if (disk.run.identity.partition !== "auto") this.here.add(disk.run.identity.partition);
    this.isPart = only !== undefined;
    this.#part = only;
    if (only !== undefined && !("canary" in only)) this.choose();
    let lastFileId = Math.max(0, ...disk.rows.flatMap(({ files }) => files.map(({ id }) => id)));
    this.context = {
      counters: { ...disk.counters },
      failures: new FailureCounts(disk.failures),
      bytes: new PartitionBytes(),
      writes: new ChangedRows(),
      nextFileId: () => ++lastFileId,
      start: this.start.number,
      surroundings: REAL_SURROUNDINGS,
    };
    const { files_copied: copied, files_already_there: there, ...rest } = disk.counters;
    const { files_failed: failed, files_skipped: skipped, bytes } = rest;
    this.#before = { files: copied + there + failed + skipped, failed, bytes };
    this.#noteStart(this.#before, this.start.startedAt);
    const queue = new MemoryQueue(this);
    this.queue = queue;
    this.surveys = new MemorySurveys(this);
    this.ledger = {
      record: (event) => this.#record(event),
      committed: async () => this.commit(),
      tally: () => summarize(this.context.counters),
      failures: async (): Promise<FailureGroup[]> => {
        this.commit();
        return failureGroups(this.disk);
      },
      checkpoint: async (partition, { signal }) => {
        signal.throwIfAborted();
        return this.checkpoint(partition);
      },
    };
    this.presence = {
      beat: (heartbeat) => {
        this.refuseClosed();
        this.#heartbeat = heartbeat;
      },
      noteEnding: (ending) => {
        this.refuseClosed();
        this.#ending = ending;
      },
      rearrange: async (request) => queue.rearrange(request),
      asked: () => [],
      answer: () => {},
    };
  }

  #record(event: StateEvent): void {
    this.refuseClosed();
    const item = this.holdings.held(event.workItem, event.kind);
    applyEvent(item, event, this.context);
    if (item.status !== "in_progress") this.holdings.drop(item.id);
  }

  /** Puts what changed on the disk. */
  commit(): void {
    const { writes, counters, failures } = this.context;
    for (const item of new Set([...writes.workItems, ...writes.files.map((entry) => entry.item)])) {
      storeItem(this.disk, item, this.start.number);
    }
    this.disk.counters = { ...counters };
    this.disk.failures = failures.all.map((count) => ({ ...count }));
    if (this.#heartbeat) this.disk.owner = { ...this.disk.owner, heartbeat: this.#heartbeat };
    writes.clear();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.commit();
    const now = Date.now();
    this.disk.owner = { ...this.disk.owner, endedAt: now, ending: this.#ending };
    const { files_copied: copied, files_already_there: there, ...rest } = this.context.counters;
    const { files_failed: failed, files_skipped: skipped, bytes } = rest;
    this.#noteStart({ files: copied + there + failed + skipped, failed, bytes }, now);
    this.disk.living.delete(this.start.number);
  }

  #noteStart({ files, failed, bytes }: Progressed, now: number): void {
    const before = this.#before;
    const index = this.disk.pastStarts.findIndex(({ number }) => number === this.start.number);
    this.disk.pastStarts[index === -1 ? this.disk.pastStarts.length : index] = {
      number: this.start.number,
      beganAt: this.start.startedAt,
      lastAt: now,
      endedAt: this.#isClosed ? now : undefined,
      exitCode: this.#ending?.exitCode,
      why: this.#ending?.why,
      files: files - before.files,
      failed: failed - before.failed,
      bytes: bytes - before.bytes,
    };
  }

  /** What a kill does: nothing more reaches the disk. */
  kill(): void {
    this.#isClosed = true;
    this.disk.living.delete(this.start.number);
  }

  refuseClosed(): void {
    if (this.#isClosed) throw new ReuploadError("internal", "the state is closed");
  }

  /** Work items of a partition in key order. */
  rowsOf(partition: number): Row[] {
    const rows = this.disk.rows.filter((row) => row.partition === partition);
    const known = this.#isAuto
      ? partition < this.run.identity.totalPartitions
      : this.run.identity.partition === partition;
    if (!known) throw new ReuploadError("internal", `the state has no partition ${partition}`);
    const bytes = ({ workItem: { jobId, workItemId } }: Row) => [Buffer.from(jobId), Buffer.from(workItemId)];
    return rows
      .map((row) => ({ row, key: bytes(row) }))
      .sort((a, b) => compare(a.key, b.key))
      .map(({ row }) => row);
  }

  #digest(rows: readonly Row[]): Checkpoint["rows"] {
    const digest = new CsvDigest();
    for (const { workItem } of rows) digest.add(workItem);
    return { count: rows.length, digest: digest.toString() };
  }

  checkpoint(partition: number): Checkpoint {
    this.refuseClosed();
    const rows = this.rowsOf(partition);
    const builder = new CheckpointBuilder(this.#digest(rows));
    for (const row of rows) {
      const places = row.files
        .filter(({ facts }) => facts & FACT.completed)
        .flatMap(({ place }) => place ?? []);
      builder.add(row, isOpen(row.status) ? places : undefined, row.elsewhere);
    }
    const record = this.#partition(partition, rows);
    const files = rows.flatMap((row) => row.files);
    const count = (fact: number) => files.filter(({ facts }) => facts & fact).length;
    const failures = new FailureCounts([]);
    for (const file of files) failures.countFile(file, 1);
    for (const { status, failure } of rows)
      if (status === "failed" && failure) failures.countWorkItem(failure.code, 1);
    const done = files.filter(
      ({ facts }) => facts & FACT.completed && !(facts & (FACT.failed | FACT.skipped)),
    );
    const isFiltered = this.disk.run.identity.filter !== undefined;
    const finished = isFiltered ? rows.filter(({ status }) => status === "completed") : [];
    const leftOut = finished.reduce((sum, row) => sum + row.leftOut, 0);
    return builder.checkpoint({
      partition,
      record,
      failures: failures.all,
      files: {
        total: rows.reduce((sum, row) => sum + row.filesTotal, 0) + record.filesElsewhere,
        done: done.length + record.filesElsewhere,
        failed: count(FACT.failed),
        skipped: count(FACT.skipped),
        bytes: files.reduce((sum, { facts, bytes }) => sum + bytesPut(facts, bytes), 0),
        ...withLeftOut(leftOut),
      },
    });
  }

  /** Failures from elsewhere hold while a work item is failed that did not fail here. */
  #partition(partition: number, rows: readonly Row[]): PartitionRecord {
    const record = this.disk.partitions.get(partition) ?? NEW_PARTITION;
    const isFailedHere = ({ failure, files }: Row) =>
      failure !== undefined || files.some(({ facts }) => facts & FACT.failed);
    const isHeld = rows.some((row) => row.status === "failed" && !isFailedHere(row));
    return isHeld ? record : { ...record, failuresElsewhere: [] };
  }

  admit(partition: number, said: Checkpoint | undefined): void {
    this.commit();
    const rows = this.rowsOf(partition);
    if (said !== undefined) checkRows(said, partition, this.#digest(rows));
    const own = this.checkpoint(partition);
    const before = this.#partition(partition, rows);
    const filesDone = own.files.done - own.open.reduce((sum, { completed }) => sum + countBits(completed), 0);
    let [more, emptyAgain] = [0, 0];
    const isLater = isLaterWord(said, before);
    for (const [place, row] of rows.entries()) {
      const from = row.status;
      const isEmpty = isEmptyAgain(from, row.finishedAt !== null && row.filesTotal === 0, isLater);
      if (isEmpty) emptyAgain++;
      const state = said === undefined || isEmpty ? "pending" : readCheckpointState(said.states, place);
      if (said !== undefined || from === "not_mine")
        more += this.move(row, admittedStatus(from, state, isLater));
      const open = said?.open.find((one) => one.place === place);
      if (open !== undefined && isOpen(row.status) && from !== "in_progress") {
        row.elsewhere = mergeElsewhere(
          row.elsewhere,
          { receipt: open.receipt, completed: open.completed },
          isLater,
        );
      }
    }
    const after = admittedRecord(before, said, {
      empty: own.empty + emptyAgain,
      leftOut: own.files.leftOut ?? 0,
      failures: own.failures,
      filesDone: filesDone + more,
    });
    this.context.counters.files_elsewhere += after.filesElsewhere - before.filesElsewhere;
    this.context.counters.files_total += after.filesElsewhere - before.filesElsewhere;
    this.context.counters.files_left_out += after.leftOutElsewhere - before.leftOutElsewhere;
    this.disk.partitions.set(partition, after);
    this.here.add(partition);
    this.commit();
  }

  withdraw(partition: number): void {
    this.commit();
    if (!this.here.delete(partition)) return;
    for (const row of this.rowsOf(partition)) if (row.status === "pending") this.move(row, "not_mine");
    this.commit();
  }

  /** @returns completed files that were not counted among those of ended work items before */
  move(row: Row, to: WorkItemStatus): number {
    const { counters, failures } = this.context;
    if (to === row.status) return 0;
    const { surveyedFiles, receipt } = row;
    countWorkItem(counters, { status: row.status, lookedUp: receipt !== undefined, surveyedFiles }, -1);
    countWorkItem(counters, { status: to, lookedUp: receipt !== undefined, surveyedFiles }, 1);
    if (row.status === "failed") {
      if (row.failure) failures.countWorkItem(row.failure.code, -1);
      for (const file of row.files.filter(({ facts }) => facts & FACT.failed)) {
        countFile(counters, file.facts, file.bytes, -1);
        failures.countFile(file, -1);
        file.facts &= ~FACT.failed;
        countFile(counters, file.facts, file.bytes, 1);
      }
    }
    let more = 0;
    for (const file of to === "elsewhere" ? row.files : []) {
      const facts = factsDoneElsewhere(file.facts);
      const wasCompleted = fileStatus(file.facts) === "completed";
      if (fileStatus(facts) === "completed" && (!wasCompleted || isOpen(row.status))) more++;
      if (file.facts & ~facts & FACT.failed) failures.countFile(file, -1);
      countFile(counters, file.facts, file.bytes, -1);
      file.facts = facts;
      countFile(counters, facts, file.bytes, 1);
    }
    row.status = to;
    if (to !== "pending") {
      counters.files_left_out -= row.leftOut;
      row.leftOut = 0;
    }
    if (to === "pending" || receipt === undefined) return more;
    const ended = row.files.filter(
      ({ facts }) => facts & (FACT.completed | FACT.failed | FACT.skipped),
    ).length;
    counters.files_total += ended - row.filesTotal;
    row.filesTotal = ended;
    return more;
  }
}

function compare(a: readonly Buffer[], b: readonly Buffer[]): number {
  return (
    Buffer.compare(a[0] ?? Buffer.of(), b[0] ?? Buffer.of()) ||
    Buffer.compare(a[1] ?? Buffer.of(), b[1] ?? Buffer.of())
  );
}

function chosen(rows: readonly Row[], only: NonNullable<OpenOptions["only"]>): ReadonlySet<number> {
  const pending = rows.filter(({ status }) => status === "pending").map(({ id }) => id);
  if ("first" in only) return new Set(pending.slice(0, only.first));
  if ("canary" in only) {
    const size = only.canary;
    const wanted = "count" in size ? size.count : Math.round((pending.length * size.percent) / 100);
    const count = Math.min(pending.length, Math.max(1, wanted));
    const files = new Map(rows.map(({ id, surveyedFiles }) => [id, surveyedFiles ?? -1]));
    const bySize = pending.toSorted((a, b) => (files.get(a) ?? -1) - (files.get(b) ?? -1) || a - b);
    return new Set(
      bySize.filter((_, place) => place % Math.floor(pending.length / count) === 0).slice(0, count),
    );
  }
  const stride = (place: number) => Math.floor((place * only.sample) / pending.length);
  return new Set(pending.filter((_, index) => stride(index + 1) > stride(index)));
}
