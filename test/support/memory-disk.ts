/** What a state in memory keeps over a kill: rows, counters, and who had it open. */
import type { FailureCode } from "../../src/core/failure.ts";
import { choosePartition } from "../../src/core/partition.ts";
import type { WorkItemStatus } from "../../src/core/states.ts";
import { type WorkItem, workItemKey } from "../../src/core/work-item.ts";
import type { PartitionRecord } from "../../src/state/ledger/admission.ts";
import { type Counters, countFile, countWorkItem, newCounters } from "../../src/state/ledger/counters.ts";
import { FACT } from "../../src/state/ledger/facts.ts";
import { type FailureCount, FailureCounts } from "../../src/state/ledger/failure-counts.ts";
import type {
  FileDetail,
  HeldWorkItem,
  StoredFile,
  StoredWorkItem,
} from "../../src/state/ledger/held-work-item.ts";
import { NOT_SURVEYED } from "../../src/state/ledger/surveyed.ts";
import type { FailureGroup, FailureRecord } from "../../src/state/ledger.ts";
import type { Heartbeat, StartEnding } from "../../src/state/run-presence.ts";
import type { StartRecord } from "../../src/state/past.ts";
import type { RunRecord } from "../../src/state/run-record.ts";
import type { OpenOptions } from "../../src/state/state-kind.ts";
import type { FileIncident, FileTry } from "../../src/state/state-reader.ts";

export type FileOfRow = Omit<StoredFile, "blobName" | "hasDetail"> & {
  detail: FileDetail | null;
  contentMd5: string | undefined;
  tries: FileTry[];
  incidents: FileIncident[];
};

export interface Row extends StoredWorkItem {
  status: WorkItemStatus;
  catalogName: string | null;
  filesTotal: number;
  duplicates: number;
  leftOut: number;
  receipt: StoredWorkItem["receipt"];
  surveyedFiles: number | null;
  linksEnd: number;
  elsewhere: StoredWorkItem["elsewhere"];
  startedAt: number | null;
  finishedAt: number | null;
  failure: FailureRecord | undefined;
  /** The order in which the operator put it first. */
  bumped: number | undefined;
  /** The number of the start that has it in progress. */
  holder: number | undefined;
  files: FileOfRow[];
}

export interface Owner {
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly heartbeat: Heartbeat | undefined;
  readonly ending: StartEnding | undefined;
}

export class Disk {
  run: RunRecord;
  starts = 1;
  readonly rows: Row[];
  counters: Counters = newCounters();
  failures: FailureCount[] = [];
  readonly partitions = new Map<number, PartitionRecord>();
  owner: Owner;
  readonly pastStarts: Omit<StartRecord, "host">[] = [];
  /** Starts that have it open. */
  readonly living = new Set<number>();

  constructor(run: RunRecord, workItems: readonly WorkItem[]) {
    this.run = run;
    const distinct = new Map<string, WorkItem>();
    for (const one of workItems) if (!distinct.has(workItemKey(one))) distinct.set(workItemKey(one), one);
    this.rows = [...distinct.values()].map((workItem, index) => newRow(index + 1, workItem, run));
    this.owner = newOwner();
    this.recount();
  }

  find(workItem: Pick<WorkItem, "jobId" | "workItemId">): Row | undefined {
    const key = workItemKey(workItem);
    return this.rows.find((row) => workItemKey(row.workItem) === key);
  }

  /** Adds what a grown CSV has more. */
  add(workItems: readonly WorkItem[]): void {
    for (const workItem of workItems) {
      if (this.find(workItem) !== undefined) continue;
      this.rows.push(newRow(this.rows.length + 1, workItem, this.run));
    }
    this.recount();
  }

  /** A later start: back to pending what no living start holds, and what is to be tried again. */
  resume(retryFailed: OpenOptions["retryFailed"]): void {
    const isRetried = (code: FailureCode | null | undefined) =>
      retryFailed === "all" || (retryFailed !== "none" && code != null && retryFailed.includes(code));
    const isAuto = this.run.identity.partition === "auto";
    for (const row of this.rows) {
      if (row.status === "in_progress" && !this.living.has(row.holder ?? 0)) row.status = "pending";
      if (row.status === "empty" && retryFailed !== "none") row.status = "pending";
      const hasRetried = (fact: number) =>
        row.files.some(({ facts, code }) => facts & fact && isRetried(code));
      const isFailedAgain = isRetried(row.failure?.code) || hasRetried(FACT.failed) || retryFailed === "all";
      if (row.status === "failed" && isFailedAgain) row.status = "pending";
      if (Array.isArray(retryFailed) && hasRetried(FACT.skipped)) row.status = "pending";
      for (const file of row.files) {
        if (file.facts & FACT.failed && isRetried(file.code)) file.facts &= ~FACT.failed;
        if (Array.isArray(retryFailed) && isRetried(file.code)) file.facts &= ~FACT.skipped;
        if (!(file.facts & (FACT.failed | FACT.skipped))) file.code = null;
      }
      if (isAuto && row.status === "pending") row.status = "not_mine";
      if (!isAuto && row.status === "not_mine") row.status = "pending";
    }
    this.starts++;
    this.owner = newOwner();
    this.recount();
  }

  /** Everything that can be told from the rows; the number of shortened names is kept. */
  recount(): void {
    const { files_shortened: shortened } = this.counters;
    const counters = { ...newCounters(), files_shortened: shortened };
    const failures = new FailureCounts([]);
    for (const row of this.rows) {
      const { status, receipt, surveyedFiles } = row;
      countWorkItem(counters, { status, lookedUp: receipt !== undefined, surveyedFiles }, 1);
      counters.files_total += row.filesTotal;
      counters.files_duplicates += row.duplicates;
      counters.files_left_out += row.leftOut;
      if (status === "failed" && row.failure) failures.countWorkItem(row.failure.code, 1);
      for (const file of row.files) {
        countFile(counters, file.facts, file.bytes, 1);
        failures.countFile(file, 1);
        if (file.facts & FACT.vanished) counters.drift_files_vanished++;
      }
    }
    for (const { filesElsewhere, leftOutElsewhere } of this.partitions.values()) {
      counters.files_left_out += leftOutElsewhere;
      counters.files_elsewhere += filesElsewhere;
      counters.files_total += filesElsewhere;
    }
    this.counters = counters;
    this.failures = failures.all;
  }
}

function newOwner(): Owner {
  return { startedAt: Date.now(), endedAt: undefined, heartbeat: undefined, ending: undefined };
}

function newRow(id: number, workItem: WorkItem, { identity }: RunRecord): Row {
  const { partition, totalPartitions } = identity;
  const isAuto = partition === "auto";
  return {
    id,
    workItem,
    partition: isAuto ? choosePartition(workItem.workItemId, totalPartitions) : partition,
    status: isAuto ? "not_mine" : "pending",
    catalogName: null,
    filesTotal: 0,
    duplicates: 0,
    leftOut: 0,
    receipt: undefined,
    surveyedFiles: null,
    linksEnd: NOT_SURVEYED,
    uriBase: null,
    elsewhere: undefined,
    startedAt: null,
    finishedAt: null,
    failure: undefined,
    bumped: undefined,
    holder: undefined,
    files: [],
  };
}

/** Writes a held work item with its files over its row. */
export function storeItem(disk: Disk, item: HeldWorkItem, start: number): void {
  const row = disk.find(item.workItem);
  if (row === undefined) throw new Error(`no row of work item ${item.id}`);
  const { status, catalogName, filesTotal, duplicates, leftOut, receipt, elsewhere } = item;
  const { startedAt, finishedAt, failure } = item;
  Object.assign(row, {
    status,
    catalogName,
    filesTotal,
    duplicates,
    leftOut,
    receipt,
    elsewhere,
    startedAt,
    finishedAt,
    failure,
  });
  row.bumped = undefined;
  row.holder = status === "in_progress" ? start : undefined;
  const before = new Map(row.files.map((file) => [file.id, file]));
  row.files = [...item.files].map(
    ([key, { id, facts, bytes, at, place, code, contentMd5, detail, tries, incidents }]) => {
      const known = before.get(id);
      const [fileName = "", link = ""] = key.split("\0");
      return {
        id,
        fileName,
        link,
        facts,
        bytes,
        at,
        place,
        code,
        contentMd5: contentMd5 ?? known?.contentMd5,
        detail: mergeDetail(known?.detail ?? null, detail),
        tries: boundTries([...(known?.tries ?? []), ...(tries ?? [])]),
        incidents: boundIncidents([
          ...(known?.incidents ?? []),
          ...(incidents ?? []).map((incident) => ({ ...incident, start })),
        ]),
      };
    },
  );
}

function mergeDetail(known: FileDetail | null, written: FileDetail | undefined): FileDetail | null {
  if (written === undefined || known === null) return written ?? known;
  return {
    ...written,
    attempts: Math.max(known.attempts, written.attempts),
    blobName: written.blobName ?? known.blobName,
  };
}

/** The first one, and the newest nine. */
function boundTries(tries: FileTry[]): FileTry[] {
  return tries.length <= 10 ? tries : [...tries.slice(0, 1), ...tries.slice(-9)];
}

/** The first five, and the newest fifteen. */
function boundIncidents(incidents: FileIncident[]): FileIncident[] {
  return incidents.length <= 20 ? incidents : [...incidents.slice(0, 5), ...incidents.slice(-15)];
}

/** Failures with samples, most first. */
export function failureGroups({ failures, rows }: Disk): FailureGroup[] {
  return failures
    .map(({ outcome, code, files, workItems }) => ({
      code,
      outcome,
      files,
      workItems,
      samples: samples(rows, outcome, code),
    }))
    .sort((a, b) => b.files + b.workItems - (a.files + a.workItems));
}

function samples(
  rows: readonly Row[],
  outcome: FailureGroup["outcome"],
  code: FailureCode,
): FailureGroup["samples"] {
  const ofFiles = rows.flatMap(({ workItem: { jobId, workItemId }, files }) =>
    files
      .filter((file) => file.facts & FACT[outcome] && file.code === code)
      .map(({ id, fileName, detail }) => ({
        id,
        sample: {
          jobId,
          workItemId,
          fileName,
          message: detail?.message ?? "",
          requestId: detail?.requestId ?? undefined,
        },
      })),
  );
  const workItems = rows
    .filter(({ status, failure }) => outcome === "failed" && status === "failed" && failure?.code === code)
    .map(({ workItem: { jobId, workItemId }, failure }) => ({
      jobId,
      workItemId,
      fileName: undefined,
      message: failure?.message ?? "",
      requestId: failure?.requestId,
    }));
  ofFiles.sort((a, b) => a.id - b.id);
  return [...ofFiles.map(({ sample }) => sample), ...workItems].slice(0, 5);
}
