/**
 * The requests of operators, in a small SQLite file beside the state (`<state>.control`): nobody but the process that has
 * the lock writes to the state itself, so a `control` that hangs holds nothing up. The file is made by the first request. It
 * stays when the process ends, because an operator may still look for the last answer; requests of an earlier start mean
 * nothing, and are removed by the next one that is asked.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type ControlAnswer, type ControlRequest, readControlRequest } from "../../core/control-request.ts";
import { createUnlessThere } from "../../files/files.ts";
import type { AskedRequest } from "../run-presence.ts";
import { CONTROL_SUFFIX } from "./state-files.ts";
import { allRows, firstRow } from "./statements.ts";

/** How long the operator's side waits for another operator, ms; the process waits for nobody. */
const ASK_TIMEOUT_MS = 5_000;

const REQUESTS = `CREATE TABLE IF NOT EXISTS request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  start INTEGER NOT NULL, -- the number of the start that is asked
  at INTEGER NOT NULL,    -- ms since the epoch
  by TEXT NOT NULL,
  request TEXT NOT NULL,  -- JSON, ControlRequest
  taken INTEGER,          -- NULL until it is answered
  answer TEXT
) STRICT`;

const REQUEST_SQL = {
  forget: `DELETE FROM request WHERE start < ?`,
  ask: `INSERT INTO request (start, at, by, request) VALUES (?, ?, ?, ?)`,
  after: `SELECT id, at, by, request FROM request WHERE start = ? AND id > ? ORDER BY id LIMIT 100`,
  answer: `UPDATE request SET taken = ?, answer = ? WHERE id = ?`,
  findAnswer: `SELECT taken, answer FROM request WHERE id = ? AND taken IS NOT NULL`,
} as const;

/** The operator's side. @param start the number of the start that is asked @returns the request's number */
export function leaveRequest(
  statePath: string,
  request: ControlRequest,
  { start, at, by }: { readonly start: number; readonly at: number; readonly by: string },
): number {
  createUnlessThere(statePath + CONTROL_SUFFIX);
  using db = new DatabaseSync(statePath + CONTROL_SUFFIX, { timeout: ASK_TIMEOUT_MS });
  db.exec(REQUESTS);
  db.prepare(REQUEST_SQL.forget).run(start);
  const { lastInsertRowid } = db.prepare(REQUEST_SQL.ask).run(start, at, by, JSON.stringify(request));
  return Number(lastInsertRowid);
}

/** The answer to a request; undefined while there is none, or when it is gone with its process. */
export function findAnswer(statePath: string, request: number): ControlAnswer | undefined {
  if (!existsSync(statePath + CONTROL_SUFFIX)) return undefined;
  using db = new DatabaseSync(statePath + CONTROL_SUFFIX, { readOnly: true, timeout: ASK_TIMEOUT_MS });
  type Row = { readonly taken: number; readonly answer: string };
  const row = firstRow<Row>(db.prepare(REQUEST_SQL.findAnswer), request);
  return row && { taken: row.taken === 1, text: row.answer };
}

/** The side of the process that is asked. */
export class OperatorRequests {
  readonly #path: string;
  readonly #start: number;
  #db: DatabaseSync | undefined;
  #last = 0;
  /** Answers that could not be written yet. */
  #answers: { readonly request: number; readonly answer: ControlAnswer }[] = [];

  constructor(statePath: string, start: number) {
    this.#path = statePath + CONTROL_SUFFIX;
    this.#start = start;
  }

  /** As `RunPresence.asked`. */
  asked(): readonly AskedRequest[] {
    type Row = Omit<AskedRequest, "request"> & { readonly request: string };
    // An operator who looked for the answer at that moment has kept it off.
    if (this.#answers.length > 0) this.#writeAnswers();
    return this.#try([], (db) => {
      const rows = allRows<Row>(db.prepare(REQUEST_SQL.after), this.#start, this.#last);
      this.#last = rows.at(-1)?.id ?? this.#last;
      return rows.flatMap(({ id, at, by, request: text }) => {
        const request = readControlRequest(JSON.parse(text));
        if (request !== undefined) return [{ id, at, by, request }];
        this.answer(id, { taken: false, text: "this version does not know the request" });
        return [];
      });
    });
  }

  /** As `RunPresence.answer`. */
  answer(request: number, answer: ControlAnswer): void {
    this.#answers.push({ request, answer });
    this.#writeAnswers();
  }

  /** Nobody is listening any more. */
  close(): void {
    this.#writeAnswers();
    this.#db?.close();
    this.#db = undefined;
  }

  #writeAnswers(): void {
    this.#try(undefined, (db) => {
      while (this.#answers.length > 0) {
        const [first] = this.#answers;
        if (first === undefined) return;
        db.prepare(REQUEST_SQL.answer).run(first.answer.taken ? 1 : 0, first.answer.text, first.request);
        this.#answers.shift();
      }
    });
  }

  /** What cannot be read or written now, because an operator writes or the file is damaged, is tried again next time. */
  #try<T>(otherwise: T, work: (db: DatabaseSync) => T): T {
    if (this.#db === undefined && !existsSync(this.#path)) return otherwise;
    try {
      this.#db ??= new DatabaseSync(this.#path, { timeout: 0 });
      return work(this.#db);
    } catch {
      this.#db?.close();
      this.#db = undefined;
      return otherwise;
    }
  }
}
