/** A state as a long run leaves it, written at once: for what must stay fast, small or readable when there is much. */
import { DatabaseSync } from "node:sqlite";
import { COUNTER_NAMES, newCounters } from "../../src/state/ledger/counters.ts";
import { migrate } from "../../src/state/sqlite/migrations/migrations.ts";
import { DESCRIPTION } from "../state/samples.ts";

export interface LargeState {
  readonly workItems: number;
  readonly filesEach: number;
  /** One file in so many failed. */
  readonly failedOf?: number;
  readonly partition?: number;
  readonly totalPartitions?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** When its first start began; ms since the epoch. */
export const LARGE_BEGAN = Date.UTC(2026, 6, 1, 20, 0, 0);

const CODES = ["source-not-found", "timeout", "conflict", "queue-unavailable"] as const;
const MESSAGES = [
  "the source blob does not exist",
  "no answer within 30 s, 8 times",
  "the target has another blob of this name",
  "the queue answered 503 ServerBusy",
] as const;
const STARTS = [
  { hours: 5, why: "Ctrl+C", exitCode: 130, rate: 45 },
  { hours: 0, why: null, exitCode: null, rate: 0 },
  { hours: 4, why: "finished", exitCode: 1, rate: 60 },
] as const;

/** Two starts with a pause of two hours between them, and a short one that was killed. */
export function makeLargeState(path: string, wanted: LargeState): void {
  const { workItems, filesEach, failedOf = 200, partition = 0, totalPartitions = 1 } = wanted;
  using db = new DatabaseSync(path);
  migrate(db, 0);
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
  const identity = { ...DESCRIPTION.identity, partition, totalPartitions, csvDigest: "4f1d".repeat(8) };
  const rows = workItems * totalPartitions + 12;
  const counts = {
    rows,
    ours: workItems,
    duplicates: 4,
    rejected: 8,
    otherPartitions: workItems * (totalPartitions - 1),
  };
  const json = [identity, wanted.settings ?? {}, counts].map((part) => JSON.stringify(part));
  db.prepare("INSERT INTO run VALUES (1, ?, ?, ?, ?, ?, 3)").run(
    "8f14e45f-ceea-467f-a830-1b2f6d0c9a11",
    ...json,
    LARGE_BEGAN,
  );
  const tally = addRows(db, workItems, filesEach, failedOf, partition);
  const total = workItems * filesEach;
  const counters = {
    ...newCounters(),
    work_items_completed: workItems - tally.failedWorkItems - tally.empty,
    work_items_failed: tally.failedWorkItems,
    work_items_empty: tally.empty,
    files_total: total - tally.empty * filesEach,
    files_copied: tally.copied,
    files_already_there: tally.alreadyThere,
    files_failed: tally.failed,
    files_announced: tally.copied + tally.alreadyThere,
    bytes: tally.copied * 14_336,
  };
  db.prepare(
    `INSERT INTO counters (only_row, ${COUNTER_NAMES.join(", ")}) VALUES (1, ${COUNTER_NAMES.map(() => "?").join(", ")})`,
  ).run(...COUNTER_NAMES.map((name) => counters[name]));
  const finished = tally.copied + tally.alreadyThere + tally.failed;
  const endedAt = addStarts(db, finished, tally.failed, counters.bytes, partition);
  db.prepare("INSERT INTO owner VALUES (1, 4711, ?, ?, NULL, ?, 1, 'finished')").run(
    `upload-0${partition + 1}`,
    endedAt - 4 * 3_600_000,
    endedAt,
  );
  db.exec("COMMIT");
}

function addRows(
  db: DatabaseSync,
  workItems: number,
  filesEach: number,
  failedOf: number,
  partition: number,
) {
  const addItem =
    db.prepare(`INSERT INTO work_item (id, job_id, work_item_id, name, status, files_total, files_done,
    files_failed, started_at, finished_at, receipt_count, receipt_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')`);
  const addFile = db.prepare(
    "INSERT INTO file (id, work_item, name, facts, bytes, at) VALUES (?, ?, ?, ?, 14336, ?)",
  );
  const addDetail = db.prepare("INSERT INTO file_detail VALUES (?, ?, ?, 8, ?, NULL)");
  const tally = { copied: 0, alreadyThere: 0, failed: 0, empty: 0, failedWorkItems: 0 };
  const byCode = new Map<string, number>();
  let id = 0;
  for (let item = 1; item <= workItems; item++) {
    const began = Math.floor(LARGE_BEGAN / 1000) + item;
    const took = 20 + ((item * 7919) % 400) + (item % 5_003 === 0 ? 5_400 : 0);
    const isEmpty = item % 997 === 0;
    let failed = 0;
    for (let file = 0; file < (isEmpty ? 0 : filesEach); file++) {
      id++;
      const isFailed = id % failedOf === 0;
      const isThere = id % 19 === 0;
      addFile.run(
        id,
        item,
        `results/part-${String(file).padStart(5, "0")}.json`,
        isFailed ? 8 : isThere ? 39 : 7,
        began + took,
      );
      if (isFailed) {
        // Most fail for the first reason.
        const code = (id / failedOf) % 7 < 4 ? 0 : ((id / failedOf) % 7) - 3;
        addDetail.run(
          id,
          CODES[code] ?? "timeout",
          MESSAGES[code] ?? "",
          `5f3c0b6e-001e-00aa-0000-${String(id).padStart(12, "0")}`,
        );
        byCode.set(CODES[code] ?? "timeout", (byCode.get(CODES[code] ?? "timeout") ?? 0) + 1);
        failed++;
      } else tally[isThere ? "alreadyThere" : "copied"]++;
    }
    tally.failed += failed;
    if (isEmpty) tally.empty++;
    if (failed > 0) tally.failedWorkItems++;
    addItem.run(
      item,
      `4c5ab1a2-0d14-4e1b-9a3c-${String(item % 40).padStart(12, "0")}`,
      String(1_889_211_721 + item * 17 + partition),
      item % 11 === 0 ? "" : `WI-${item}-assembly`,
      isEmpty ? 3 : failed > 0 ? 4 : 2,
      isEmpty ? null : filesEach,
      isEmpty ? null : filesEach - failed,
      isEmpty ? null : failed,
      began,
      began + took,
      isEmpty ? 0 : filesEach,
    );
  }
  const addCount = db.prepare("INSERT INTO failure_count VALUES (8, ?, ?, 0)");
  for (const [code, files] of byCode) addCount.run(code, files);
  return tally;
}

/** @returns when the last start ended, ms since the epoch */
function addStarts(
  db: DatabaseSync,
  files: number,
  failed: number,
  bytes: number,
  partition: number,
): number {
  const addStart = db.prepare("INSERT INTO run_start VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const addPoint = db.prepare(
    "INSERT INTO history (start, at, step, files, failed, bytes) VALUES (?, ?, 60000, ?, ?, ?)",
  );
  const weight = STARTS.reduce((sum, { hours, rate }) => sum + hours * rate, 0);
  let at = LARGE_BEGAN;
  for (const [index, { hours, why, exitCode, rate }] of STARTS.entries()) {
    const share = (hours * rate) / weight;
    const points = Math.max(1, hours * 60);
    const began = at;
    // Slow in the beginning, an outage in the middle, more failures towards the end.
    const pace = Array.from({ length: points }, (_, point) => {
      const ramp = Math.min(1, (point + 1) / 12);
      const outage = point > points * 0.55 && point < points * 0.6 ? 0.02 : 1;
      return ramp * outage * (1 + 0.12 * Math.sin(point / 7) + 0.05 * Math.sin(point * 1.7 + partition));
    });
    const sum = pace.reduce((all, one) => all + one, 0);
    let done = 0;
    let failures = 0;
    for (const [point, one] of pace.entries()) {
      done += one / sum;
      failures += point > points * 0.6 && point < points * 0.7 ? 1 / (points * 0.1) : 0;
      const share0 = Math.min(1, failures) * 0.7 + done * 0.3;
      at += hours === 0 ? 9_000 : 60_000;
      if (hours > 0)
        addPoint.run(
          index + 1,
          at,
          Math.round(files * share * done),
          Math.round(failed * share * share0),
          Math.round(bytes * share * done),
        );
    }
    addStart.run(
      index + 1,
      `upload-0${partition + 1}`,
      began,
      at,
      why === null ? null : at,
      exitCode,
      why,
      Math.round(files * share),
      Math.round(failed * share),
      Math.round(bytes * share),
    );
    if (index < STARTS.length - 1) at += 3_600_000;
  }
  return at;
}
