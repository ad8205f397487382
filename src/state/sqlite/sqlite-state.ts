import type { DatabaseSync } from "node:sqlite";
import type { GiftBook } from "../gift-book.ts";
import type { Ledger } from "../ledger.ts";
import type { RunPresence, StartEnding } from "../run-presence.ts";
import type { RunRecord, RunStart } from "../run-record.ts";
import type { OpenState } from "../state-kind.ts";
import type { SurveyBook } from "../survey-book.ts";
import type { WorkQueue } from "../work-queue.ts";
import { toStateError } from "./database.ts";
import { OperatorRequests } from "./operator-requests.ts";
import { SqlitePartitions } from "./partitions.ts";
import { pendingWorkItems } from "./pending-work-items.ts";
import { SqliteLedger } from "./sqlite-ledger.ts";
import { SqliteQueue } from "./sqlite-queue.ts";
import { SqliteSurveys } from "./sqlite-surveys.ts";
import { Writing, type WritingOptions } from "./writing.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** The state on SQLite, in the caller's thread, by its doors. */
export class SqliteState implements OpenState {
  readonly run: RunRecord;
  readonly start: RunStart;
  readonly queue: WorkQueue;
  readonly ledger: Ledger;
  readonly surveys: SurveyBook;
  readonly presence: RunPresence;
  readonly gifts: GiftBook;
  readonly #surroundings: Surroundings;
  readonly #writing: Writing;
  readonly #requests: OperatorRequests;
  #ending: StartEnding | undefined;
  #closed: Promise<void> | undefined;

  /** `db` is open for writing, loaded and locked; the state closes it, and then calls `releaseLock`. */
  constructor(
    surroundings: Surroundings,
    db: DatabaseSync,
    run: RunRecord,
    start: RunStart,
    options: WritingOptions,
  ) {
    this.#surroundings = surroundings;
    const writing = new Writing(surroundings, db, run, start, options);
    const partitions = new SqlitePartitions(writing);
    const pending = pendingWorkItems(db, writing.statements, options.only, writing.holdings, () =>
      surroundings.random(),
    );
    this.run = run;
    this.start = start;
    this.#writing = writing;
    this.#requests = new OperatorRequests(options.path, start.number);
    const queue = new SqliteQueue(writing, partitions, pending);
    this.queue = queue;
    this.gifts = partitions;
    this.ledger = new SqliteLedger(writing, partitions);
    this.surveys = new SqliteSurveys(writing, pending);
    this.presence = {
      beat: (heartbeat) => {
        writing.refuseClosed();
        writing.heartbeat = heartbeat;
        writing.commits.touch();
      },
      noteEnding: (ending) => {
        writing.refuseClosed();
        this.#ending = ending;
      },
      rearrange: async (request) => queue.rearrange(request),
      asked: () => this.#requests.asked(),
      answer: (request, answer) => this.#requests.answer(request, answer),
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { commits, history, statements, db, options } = this.#writing;
    this.#writing.isClosed = true;
    commits.flush();
    try {
      if (commits.failure) throw commits.failure.error;
      statements.endOwner.run(
        this.#surroundings.wall(),
        this.#ending?.exitCode ?? null,
        this.#ending?.why ?? null,
      );
      history.end(this.#ending);
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      throw toStateError(error, options.path);
    } finally {
      db.close();
      this.#requests.close();
      options.releaseLock();
    }
  }
}
