import type { VerifyReport } from "../../src/report/verify-report.ts";
import type { AnnounceReport } from "../../src/report/announce-report.ts";
import type { DryRunReport } from "../../src/report/dry-run-report.ts";
import type { ProgressView } from "../../src/progress/progress.ts";
import type { RunReport } from "../../src/report/run-report.ts";
import type { Message } from "../../src/report/messages.ts";
import { GONE, LIVE, summaryOf, type SummaryParts, NO_WORK_ITEMS } from "../progress/samples.ts";

export function viewOf(parts: Partial<ProgressView> = {}): ProgressView {
  return {
    elapsedMs: 725_000,
    workItems: { total: 200, done: 104, empty: 2, failed: 1, skipped: 0, left: 93, inProgress: 20 },
    files: {
      total: 5_015,
      totalIsKnown: false,
      done: 2_610,
      failed: 12,
      skipped: 3,
      left: 2_390,
      leftOut: 0,
    },
    bytes: 3_435_973_837,
    thisStart: { files: 2_625, bytes: 3_435_973_837, workItems: 105 },
    filesPerSecond: 85.312,
    workItemsPerMinute: 8.728,
    bytesPerSecond: 12_687_769.6,
    eta: { lowMs: 28_000, highMs: 65_000 },
    live: LIVE,
    ...parts,
  };
}

/** A finished partition in which every class has members. */
export function reportOf(parts: SummaryParts = {}): RunReport {
  return {
    runId: "r-7f3a",
    ending: { kind: "finished" },
    partition: 0,
    totalPartitions: 2,
    input: { rows: 30, ours: 10, duplicates: 4, rejected: 3, otherPartitions: 13 },
    rejectedFile: "failed_workitems.rejected.csv",
    catalogRejected: { count: 2, file: "listing.rejected.csv" },
    summary: summaryOf({
      workItems: { completed: 7, empty: 1, failed: 2, ...parts.workItems },
      notLookedUp: parts.notLookedUp ?? 0,
      drift: parts.drift ?? { workItems: 3, filesAdded: 5, filesVanished: 2 },
      files: {
        total: 100,
        copied: 80,
        alreadyThere: 10,
        failed: 7,
        skipped: 3,
        announced: 90,
        duplicates: 5,
        shortened: 1,
        ...parts.files,
      },
      bytes: parts.bytes ?? 1_572_864,
    }),
    failures: [
      {
        code: "source-not-found",
        outcome: "failed",
        files: 7,
        workItems: 0,
        samples: [
          {
            jobId: "job-1",
            workItemId: "1889211721",
            fileName: "results/a.json",
            message: "the source answered 404 (BlobNotFound)",
            requestId: "5f0c2a4e-001e-0071",
          },
        ],
      },
      {
        code: "conflict",
        outcome: "skipped",
        files: 3,
        workItems: 0,
        samples: [
          {
            jobId: "job-1",
            workItemId: "1913007684",
            fileName: "results/b.json",
            message: "a blob of 120 bytes is there, the source has 121",
            requestId: undefined,
          },
        ],
      },
    ],
    thisStart: {
      elapsedMs: 725_000,
      files: 100,
      workItems: 10,
      bytes: 1_572_864,
      retries: 4,
      throttles: 1,
      hedges: 2,
      linksRenewed: 12,
      miscounted: { workItems: 0, counted: 0, listed: 0 },
    },
    nextCommand: "reupload run --csv failed_workitems.csv --state-db machine1_state.db --resume",
  };
}

const DRY_RUN: DryRunReport = {
  isComplete: true,
  input: { rows: 30, ours: 10, duplicates: 1, rejected: 1, otherPartitions: 18 },
  summary: {
    workItems: { ...NO_WORK_ITEMS, completed: 8, empty: 1, failed: 1 },
    notLookedUp: 0,
    notSurveyed: 0,
    files: {
      total: 100,
      copied: 98,
      alreadyThere: 0,
      elsewhere: 0,
      failed: 2,
      skipped: 0,
      uploaded: 0,
      announced: 98,
      duplicates: 3,
      leftOut: 0,
      shortened: 1,
      expected: 0,
    },
    drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
    bytes: 0,
  },
  catalogRejected: 0,
  toTransfer: { files: 90, bytes: 1_572_864, filesOfUnknownLength: 4 },
  toAnnounceOnly: 3,
  failures: [
    {
      code: "name-collision",
      outcome: "failed",
      files: 2,
      workItems: 0,
      samples: [
        {
          jobId: "job-1",
          workItemId: "1889211721",
          fileName: "b/report.json",
          message: "a/report.json of the same work item has the same name",
          requestId: undefined,
        },
      ],
    },
  ],
  sample: {
    looked: 90,
    absent: 80,
    same: 9,
    different: 1,
    unreadable: 0,
    examples: [
      {
        blobName: "wi-1-c.json",
        code: "conflict",
        message: "the target has it with other content: it has 120 bytes, the source 121",
      },
    ],
  },
  rights: { mayWrite: { isGiven: true }, maySend: { isGiven: true }, mayTag: { isGiven: true } },
  attributes: { tier: "cool", tags: "batch=7" },
  toCreate: [],
};

export const ANNOUNCED: AnnounceReport = {
  isDryRun: false,
  wouldCreateQueue: false,
  all: false,
  queue: "resultsqueue",
  counts: { owed: 800, owedExisting: 20, announced: 40, again: 0, leftToRun: 3 },
  sent: 798,
  failed: 2,
  samples: [
    {
      jobId: "job-1",
      workItemId: "1889211721",
      fileName: "results/a.json",
      message: "the queue answered 503 (ServerBusy)",
      requestId: "5f0c2a4e-001e-0071",
    },
  ],
  stoppedBy: undefined,
  elapsedMs: 4_000,
  retries: 16,
  throttles: 5,
  nextCommand: "reupload announce --queue resultsqueue",
  resumeCommand: "reupload run --resume",
};

export const VERIFIED: VerifyReport = {
  scope: "all",
  target: "https://account.blob.core.windows.net/results",
  catalog: "listing:files.csv",
  depth: "properties",
  rows: { rows: 21_003, workItems: 21_000, duplicates: 3, rejected: 0 },
  catalogRejected: 0,
  workItems: { verified: 21_000, empty: 12, lookupsFailed: 0, listed: 20_999, notListedToEnd: 1 },
  files: {
    total: 1_680_000,
    sameByBytes: 0,
    sameByMd5: 1_679_990,
    sameByLength: 4,
    sameByName: 0,
    missing: 2,
    different: 1,
    unreadable: 0,
    refused: 3,
    leftOut: 0,
    notAnnounced: 5,
  },
  extra: { blobs: 1, notJudged: 0 },
  record: {
    by: "states",
    totalPartitions: 2,
    workItemsDone: 20_999,
    workItems: 21_000,
    open: ["partition 1 (machine2_state.db): 1 failed"],
  },
  sample: undefined,
  cost: { lists: 20_999, looks: 80, reads: 0, bytesRead: 0, elapsedMs: 93_000 },
  examples: [
    {
      kind: "missing",
      jobId: "job-1",
      workItemId: "1889211721",
      fileName: "results/a.json",
      blobName: "wi-1-a.json",
      why: "the target has no blob of this name",
    },
    {
      kind: "extra",
      jobId: "job-1",
      workItemId: "1889211722",
      fileName: undefined,
      blobName: "wi-2-old.json",
      why: "the catalog lists no file for this blob, whose name begins with wi-2-",
    },
  ],
  stoppedBy: undefined,
  nextCommands: [
    "reupload run --resume --state-db machine2_state.db",
    "reupload verify --state-db machine1_state.db --state-db machine2_state.db --repair",
  ],
};

/** One message of each type, as docs/events.md shows them. */
export const MESSAGES: { readonly [T in Message["type"]]: Extract<Message, { type: T }> } = {
  "run-started": {
    type: "run-started",
    runId: "r-7f3a",
    starts: 1,
    partition: 0,
    totalPartitions: 2,
    rows: 30,
    workItems: 10,
    target: "https://account.blob.core.windows.net/results",
    queue: "resultsqueue",
    catalog: "listing:files.csv",
    stateDb: "machine1_state.db",
  },
  progress: {
    type: "progress",
    view: viewOf({ eta: undefined, live: { ...LIVE, limitedBy: "queue", waiting: [GONE] } }),
  },
  waiting: { type: "waiting", waiting: GONE },
  resumed: { type: "resumed", what: GONE.what, waitedMs: 93_000 },
  notice: {
    type: "notice",
    level: "warning",
    message: "3 rows are rejected, see failed_workitems.rejected.csv",
  },
  control: {
    type: "control",
    request: "pause",
    by: "user@machine-1, process 4711",
    taken: true,
    text: "paused: nothing new begins, files in flight finish",
  },
  file: {
    type: "file",
    outcome: "failed",
    jobId: "job-1",
    workItemId: "1889211721",
    fileName: "results/a.json",
    blobName: "wi-1-a.json",
    bytes: undefined,
    method: undefined,
    attempts: 2,
    failure: {
      code: "source-not-found",
      message: "the source answered 404 (BlobNotFound)",
      requestId: "5f0c2a4e-001e-0071",
    },
  },
  concurrency: {
    type: "concurrency",
    what: "queue account.queue.core.windows.net",
    unit: "requests/s",
    from: undefined,
    to: 1_960.3,
    why: "it was overloaded",
  },
  "thread-ended": {
    type: "thread-ended",
    why: "Worker terminated due to reaching memory limit: JS heap out of memory",
    underWay: 12,
    isReplaced: true,
    isStopping: false,
  },
  summary: { type: "summary", report: reportOf() },
  "dry-run": { type: "dry-run", report: DRY_RUN },
  "announce-summary": { type: "announce-summary", report: ANNOUNCED },
  finding: {
    type: "finding",
    finding: {
      kind: "different",
      jobId: "job-1",
      workItemId: "1889211721",
      fileName: "results/a.json",
      blobName: "wi-1-a.json",
      why: "it has 120 bytes, the source 121",
    },
  },
  "verify-summary": { type: "verify-summary", report: VERIFIED },
  "other-machines": {
    type: "other-machines",
    report: {
      totalPartitions: 4,
      isComplete: false,
      notDone: 2,
      partitions: [
        { partition: 1, state: "running", host: "machine-b", leftMs: 11_700_000 },
        { partition: 3, state: "not-started", host: undefined, leftMs: undefined },
      ],
    },
  },
  error: {
    type: "error",
    code: "state-exists",
    message: "machine1_state.db holds a run already",
    hint: "Give --resume to continue the run, or another --state-db to start a new run.",
    causes: [],
  },
};
