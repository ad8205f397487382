import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import type {
  AnnouncementCounts,
  AnnouncementOptions,
  AnnouncementStore,
  OwedFile,
} from "../announcements.ts";
import type { RunRecord } from "../run-record.ts";
import { Checkpoints } from "./checkpoints.ts";
import { fromTextColumn, type TextColumn } from "./columns.ts";
import { inTransaction, rollBack, toStateError } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { openAtRest, type StateAtRest } from "./open-at-rest.ts";
import { allRows, SQL } from "./statements.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/**
 * The numbers are those of `facts.ts`: 1 in the target, 2 announced, 4 completed, 32 in the target before this run,
 * 128 still to be sent by an `--all`, 256 completed by another machine, which answers for the announcement. There is no index over facts (it would cost every run): the files are walked in the order
 * of their ids, and counted by reading each once.
 */
export const ANNOUNCEMENT_SQL = {
  countAnnouncements: `SELECT
      count(*) FILTER (WHERE facts & 6 = 4) AS owed,
      count(*) FILTER (WHERE facts & 6 = 4 AND facts & 32) AS owedExisting,
      count(*) FILTER (WHERE facts & 6 = 6) AS announced,
      count(*) FILTER (WHERE facts & 6 = 6 AND facts & 128) AS again,
      count(*) FILTER (WHERE facts & 5 = 1) AS leftToRun,
      count(*) FILTER (WHERE facts & 128) AS marked
    FROM file WHERE facts & 257 = 1`,
  // Those never announced, too: while any is marked, the last --all has not come to its end.
  markAll: `UPDATE file SET facts = facts | 128 WHERE facts & 261 = 5`,
  keepQueue: `UPDATE run SET settings = json_set(settings, '$.queue', ?)`,
  // ?3: 1 with those to be announced again.
  owedAfter: `SELECT f.id, f.name, d.blob_name, w.job_id, w.work_item_id, coalesce(w.catalog_name, w.name) AS shown
    FROM file f CROSS JOIN work_item w ON w.id = f.work_item LEFT JOIN file_detail d ON d.file = f.id
    WHERE f.id > ?1 AND (f.facts & 7 = 5 OR (?3 = 1 AND f.facts & 128)) ORDER BY f.id LIMIT ?2`,
  // ?1 as ?3 above.
  owedPartitions: `SELECT DISTINCT w.partition FROM file f CROSS JOIN work_item w ON w.id = f.work_item
    WHERE w.partition IS NOT NULL AND (f.facts & 7 = 5 OR (?1 = 1 AND f.facts & 128)) ORDER BY 1`,
  noteAnnounced: `UPDATE file SET facts = (facts | 2) & ~128, at = ?2 WHERE id = ?1 AND NOT facts & 2`,
  noteAnnouncedAgain: `UPDATE file SET facts = facts & ~128, at = ?2 WHERE id = ?1`,
  countAnnounced: `UPDATE counters SET files_announced = files_announced + ?`,
} as const;

/** Reads every file once. */
export function countAnnouncements(db: DatabaseSync): AnnouncementCounts {
  return countIn(db).counts;
}

/** As `StateKind.openAnnouncements`. */
export async function openAnnouncements(
  surroundings: Surroundings,
  options: AnnouncementOptions,
): Promise<AnnouncementStore> {
  const rest = await openAtRest(surroundings, options.location);
  try {
    const counts = await begin(rest.db, rest.run, options);
    return new SqliteAnnouncementStore(surroundings, rest, { counts, all: options.all });
  } catch (error) {
    rest[Symbol.dispose]();
    throw toStateError(error, rest.path);
  }
}

/** One transaction: an `--all` is marked as a whole, so that it can be told whether one is unfinished. */
async function begin(
  db: DatabaseSync,
  run: RunRecord,
  { all, queue }: AnnouncementOptions,
): Promise<AnnouncementCounts> {
  return inTransaction(db, () => {
    if (run.identity.queue === "none") db.prepare(ANNOUNCEMENT_SQL.keepQueue).run(queue);
    const { counts, isAllUnfinished } = countIn(db);
    if (!all || isAllUnfinished) return counts;
    db.exec(ANNOUNCEMENT_SQL.markAll);
    return { ...counts, again: counts.announced };
  });
}

function countIn(db: DatabaseSync): { counts: AnnouncementCounts; isAllUnfinished: boolean } {
  const row = db.prepare(ANNOUNCEMENT_SQL.countAnnouncements).get();
  const { marked, ...counts } = row as unknown as AnnouncementCounts & { marked: number };
  return { counts, isAllUnfinished: marked > 0 };
}

interface OwedRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly blob_name: string | null;
  readonly job_id: string;
  readonly work_item_id: string;
  readonly shown: string;
}

/** The announcements on SQLite, in the caller's thread. */
class SqliteAnnouncementStore implements AnnouncementStore {
  readonly run: RunRecord;
  readonly counts: AnnouncementCounts;
  readonly #surroundings: Surroundings;
  readonly #rest: StateAtRest;
  readonly #db: DatabaseSync;
  readonly #all: boolean;
  readonly #statements: Readonly<Record<keyof typeof ANNOUNCEMENT_SQL, StatementSync>>;
  readonly #commits: GroupCommit;
  readonly #checkpoints: Checkpoints;
  /** Announced, and not committed yet. */
  #noted: number[] = [];
  /** The id of the last file that was given. */
  #after = 0;
  #closed: Promise<void> | undefined;

  /** @param rest closed by the store */
  constructor(
    surroundings: Surroundings,
    rest: StateAtRest,
    { counts, all }: { readonly counts: AnnouncementCounts; readonly all: boolean },
  ) {
    const { db, run } = rest;
    this.#surroundings = surroundings;
    this.run = run;
    this.counts = counts;
    this.#rest = rest;
    this.#db = db;
    this.#commits = new GroupCommit(surroundings, () => this.#commit());
    this.#checkpoints = new Checkpoints(surroundings, db);
    this.#all = all;
    const prepared = Object.entries(ANNOUNCEMENT_SQL).map(([verb, sql]) => [verb, db.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof ANNOUNCEMENT_SQL, StatementSync>;
  }

  partitions(): readonly number[] {
    const rows = allRows<{ partition: number }>(this.#statements.owedPartitions, this.#all ? 1 : 0);
    return rows.map(({ partition }) => partition);
  }

  next(max: number): readonly OwedFile[] {
    const rows = allRows<OwedRow>(this.#statements.owedAfter, this.#after, max, this.#all ? 1 : 0);
    this.#after = rows.at(-1)?.id ?? this.#after;
    return rows.map((row) => ({
      id: row.id,
      jobId: row.job_id,
      workItemId: row.work_item_id,
      workItemName: row.shown,
      fileName: fromTextColumn(row.name),
      blobName: row.blob_name ?? undefined,
    }));
  }

  announced({ id }: OwedFile): void {
    if (this.#closed) throw new ReuploadError("internal", "the state is closed");
    this.#noted.push(id);
    this.#commits.touch();
  }

  committed(): Promise<void> {
    return this.#commits.committed();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#commits.flush();
    try {
      if (this.#commits.failure) throw this.#commits.failure.error;
      // What a run that was killed has left in the log is in the state now.
      this.#db.exec(`${SQL.noteLogMoved}; PRAGMA wal_checkpoint(TRUNCATE)`);
    } catch (error) {
      throw toStateError(error, this.#rest.path);
    } finally {
      this.#rest[Symbol.dispose]();
    }
  }

  #commit(): void {
    const { noteAnnounced, noteAnnouncedAgain, countAnnounced } = this.#statements;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      let fresh = 0;
      const at = Math.floor(this.#surroundings.wall() / 1000);
      for (const id of this.#noted) {
        if (noteAnnounced.run(id, at).changes > 0) fresh++;
        else noteAnnouncedAgain.run(id, at);
      }
      countAnnounced.run(fresh);
      this.#db.exec("COMMIT");
      this.#checkpoints.afterCommit();
    } catch (error) {
      rollBack(this.#db);
      throw toStateError(error, this.#rest.path);
    }
    this.#noted = [];
  }
}
