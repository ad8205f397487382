import { setImmediate } from "node:timers/promises";
import type { StatementSync } from "node:sqlite";
import type { Checkpoint } from "../../core/checkpoint.ts";
import { CsvDigest } from "../../core/csv-digest.ts";
import { CheckpointBuilder } from "../ledger/admission.ts";
import { fromStatusColumn } from "./columns.ts";
import { readElsewhere, readReceipt } from "./rows.ts";
import { allRows, firstRow, toWorkItem } from "./statements.ts";
import type { PartitionRow } from "./work-item-moves.ts";
import type { Writing } from "./writing.ts";

/** Rows of one piece: a millisecond or two. */
const PIECE = 1_000;

const PLAIN = "0".charCodeAt(0);
const OPEN = "a".charCodeAt(0);

type Key = readonly [jobId: string, workItemId: string];

interface OpenRow {
  readonly id: number;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
}

/** The work items of one partition in key order, in pieces. They do not change while a state is open. */
export class CheckpointScan {
  readonly #writing: Writing;
  /** Before the key in the statements of a partition; none when the state is one partition. */
  readonly #first: readonly number[];
  readonly #statements: Readonly<Record<"rows" | "marks" | "open", StatementSync>>;
  /** The keys that the pieces follow, and what they are over, once that is known. */
  #known: { readonly after: readonly Key[]; readonly rows: Checkpoint["rows"] } | undefined;

  /** @param partition undefined: the state is one partition */
  constructor(writing: Writing, partition: number | undefined) {
    const { statements } = writing;
    this.#writing = writing;
    this.#first = partition === undefined ? [] : [partition];
    this.#statements =
      partition === undefined
        ? { rows: statements.wholeInKeyOrder, marks: statements.wholeMarks, open: statements.wholeOpen }
        : {
            rows: statements.partitionInKeyOrder,
            marks: statements.partitionMarks,
            open: statements.partitionOpen,
          };
  }

  /** Each piece is read when it is asked for. */
  *pieces(): Generator<readonly PartitionRow[]> {
    for (let after: Key = ["", ""]; ;) {
      const rows = allRows<PartitionRow>(this.#statements.rows, ...this.#first, ...after, PIECE);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      after = [last.job_id, last.work_item_id];
    }
  }

  /** How many rows there are, and their digest; reads them all when it is asked for the first time. */
  rows(): Checkpoint["rows"] {
    const survey = new RowsSurvey();
    if (this.#known === undefined) for (const rows of this.pieces()) survey.add(rows);
    this.#known ??= survey.known;
    return this.#known.rows;
  }

  /**
   * What the work items make of a checkpoint.
   *
   * @param finish adds the figures; it is called in the turn of the last piece, so that what is committed between pieces
   * alone is in the figures and not in the work items
   * @throws when the state is closed meanwhile; the signal's reason
   */
  async build<T>(signal: AbortSignal, finish: (builder: CheckpointBuilder) => T): Promise<T> {
    const { after, rows } = await this.#survey(signal);
    const builder = new CheckpointBuilder(rows);
    for (const [at, key] of after.entries()) {
      if (at > 0) await this.#pause(signal);
      this.#addPiece(builder, key);
    }
    return finish(builder);
  }

  async #survey(signal: AbortSignal): Promise<{ after: readonly Key[]; rows: Checkpoint["rows"] }> {
    if (this.#known !== undefined) return this.#known;
    const survey = new RowsSurvey();
    for (const rows of this.pieces()) {
      survey.add(rows);
      await this.#pause(signal);
    }
    this.#known = survey.known;
    return this.#known;
  }

  /** Both statements see the same commit: nothing is committed between them. */
  #addPiece(builder: CheckpointBuilder, after: Key): void {
    const { marks, open } = this.#statements;
    const parameters = [...this.#first, ...after, PIECE];
    const text = firstRow<{ marks: string }>(marks, ...parameters)?.marks ?? "";
    const openRows = /[a-z]/.test(text) ? allRows<OpenRow>(open, ...parameters).values() : [].values();
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < OPEN)
        builder.add({ status: fromStatusColumn(code - PLAIN), receipt: undefined }, undefined, undefined);
      else this.#addOpen(builder, code - OPEN, openRows.next().value);
    }
  }

  #addOpen(builder: CheckpointBuilder, status: number, row: OpenRow | undefined): void {
    if (row === undefined) throw new TypeError("an open work item has no row");
    const { statements } = this.#writing;
    const places = allRows<{ place: number }>(statements.completedPlaces, row.id).map(({ place }) => place);
    const elsewhere = readElsewhere(statements, row.id);
    builder.add({ status: fromStatusColumn(status), receipt: readReceipt(row) }, places, elsewhere);
  }

  /** Lets others have their turn. */
  async #pause(signal: AbortSignal): Promise<void> {
    await setImmediate();
    signal.throwIfAborted();
    this.#writing.refuseClosed();
  }
}

/** Takes the rows of all pieces. */
class RowsSurvey {
  readonly #digest = new CsvDigest();
  readonly #after: Key[] = [["", ""]];
  #count = 0;

  add(rows: readonly PartitionRow[]): void {
    for (const row of rows) this.#digest.add(toWorkItem(row));
    this.#count += rows.length;
    const last = rows.at(-1);
    if (last !== undefined) this.#after.push([last.job_id, last.work_item_id]);
  }

  get known(): { readonly after: readonly Key[]; readonly rows: Checkpoint["rows"] } {
    return { after: this.#after.slice(0, -1), rows: { count: this.#count, digest: this.#digest.toString() } };
  }
}
