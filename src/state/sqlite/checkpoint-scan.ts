import { setImmediate } from "node:timers/promises";
import type { Checkpoint } from "../../core/checkpoint.ts";
import { CsvDigest } from "../../core/csv-digest.ts";
import { CheckpointBuilder } from "../ledger/admission.ts";
import { fromStatusColumn } from "./columns.ts";
import { readElsewhere, readReceipt } from "./rows.ts";
import { openSnapshot } from "./snapshot.ts";
import { allRows, firstRow, type Statements, toWorkItem } from "./statements.ts";
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
  readonly #isWhole: boolean;
  /** The keys that the pieces follow, and what they are over, once that is known. */
  #known: { readonly after: readonly Key[]; readonly rows: Checkpoint["rows"] } | undefined;

  /** @param partition undefined: the state is one partition */
  constructor(writing: Writing, partition: number | undefined) {
    this.#writing = writing;
    this.#isWhole = partition === undefined;
    this.#first = partition === undefined ? [] : [partition];
  }

  /** Each piece is read when it is asked for. */
  *pieces(): Generator<readonly PartitionRow[]> {
    const { wholeInKeyOrder, partitionInKeyOrder } = this.#writing.statements;
    const statement = this.#isWhole ? wholeInKeyOrder : partitionInKeyOrder;
    for (let after: Key = ["", ""]; ;) {
      const rows = allRows<PartitionRow>(statement, ...this.#first, ...after, PIECE);
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
   * What the work items make of a checkpoint, all of it as it was committed at one moment.
   *
   * @param finish adds the figures, by these statements
   * @throws when the state is closed meanwhile; the signal's reason
   */
  async build<T>(
    signal: AbortSignal,
    finish: (builder: CheckpointBuilder, statements: Statements) => T,
  ): Promise<T> {
    const { after, rows } = await this.#survey(signal);
    const builder = new CheckpointBuilder(rows);
    const [first, ...others] = after;
    // Nothing is committed within a turn.
    if (others.length === 0) {
      const { statements } = this.#writing;
      if (first !== undefined) this.#addPiece(builder, statements, first);
      return finish(builder, statements);
    }
    using snapshot = openSnapshot(this.#writing.options.path);
    for (const key of after) {
      this.#addPiece(builder, snapshot.statements, key);
      await this.#pause(signal);
    }
    return finish(builder, snapshot.statements);
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

  #addPiece(builder: CheckpointBuilder, statements: Statements, after: Key): void {
    const { wholeMarks, wholeOpen, partitionMarks, partitionOpen } = statements;
    const [marks, open] = this.#isWhole ? [wholeMarks, wholeOpen] : [partitionMarks, partitionOpen];
    const parameters = [...this.#first, ...after, PIECE];
    const text = firstRow<{ marks: string }>(marks, ...parameters)?.marks ?? "";
    const openRows = /[a-z]/.test(text) ? allRows<OpenRow>(open, ...parameters).values() : [].values();
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < OPEN)
        builder.add({ status: fromStatusColumn(code - PLAIN), receipt: undefined }, undefined, undefined);
      else this.#addOpen(builder, statements, code - OPEN, openRows.next().value);
    }
  }

  #addOpen(
    builder: CheckpointBuilder,
    statements: Statements,
    status: number,
    row: OpenRow | undefined,
  ): void {
    if (row === undefined) throw new TypeError("an open work item has no row");
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
