import type { WorkItem } from "../../core/work-item.ts";
import { type Counters, countWorkItem } from "../ledger/counters.ts";
import { hourOfEnd, surveyEffect } from "../ledger/surveyed.ts";
import type { SurveyBook, SurveyedWorkItem } from "../survey-book.ts";
import { fromStatusColumn } from "./columns.ts";
import type { PendingWorkItems } from "./pending-work-items.ts";
import { readReceipt } from "./rows.ts";
import { allRows, firstRow, type KeyRow, toWorkItem } from "./statements.ts";
import type { Writing } from "./writing.ts";

/** Work items read at once. */
const BATCH = 1_000;

interface SurveyRow {
  readonly id: number;
  readonly status: number;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
  readonly surveyed_files: number | null;
}

/** The surveys on SQLite. */
export class SqliteSurveys implements SurveyBook {
  readonly #writing: Writing;
  readonly #pending: PendingWorkItems;
  /** Seconds since the epoch. */
  readonly #startedAt: number;

  constructor(writing: Writing, pending: PendingWorkItems) {
    this.#writing = writing;
    this.#pending = pending;
    this.#startedAt = Math.floor(writing.start.startedAt / 1000);
  }

  async *toSurvey({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    this.#writing.commitNow();
    yield* batchesOf((after) => this.#pending.notLookedUp(after, BATCH), signal);
  }

  async *all({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    const { allWorkItems } = this.#writing.statements;
    yield* batchesOf((after) => allRows<KeyRow>(allWorkItems, after, BATCH), signal);
  }

  async *toRecheck({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    this.#writing.commitNow();
    const { options, run, start, statements } = this.#writing;
    if (options.only !== undefined || start.number === 1 || run.identity.partition === "auto") return;
    const { completedBefore } = statements;
    yield* batchesOf((after) => allRows<KeyRow>(completedBefore, this.#startedAt, after, BATCH), signal);
  }

  note(surveys: readonly SurveyedWorkItem[]): number {
    const broughtBack = this.#writing.change((counters) =>
      surveys.reduce((count, survey) => count + (this.#write(survey, counters) ? 1 : 0), 0),
    );
    if (broughtBack > 0) this.#writing.holdings.tell();
    return broughtBack;
  }

  /** Whether the work item is pending again. */
  #write(survey: SurveyedWorkItem, counters: Counters): boolean {
    const { workItem, files, linksEndAt } = survey;
    const { statements } = this.#writing;
    const row = firstRow<SurveyRow>(statements.findForSurvey, workItem.jobId, workItem.workItemId);
    if (row === undefined) return false;
    const { id, surveyed_files: surveyedFiles } = row;
    const status = fromStatusColumn(row.status);
    const receipt = readReceipt(row);
    const effect = surveyEffect({ status, receipt }, survey);
    if (effect === "nothing") return false;
    const linksEnd = hourOfEnd(linksEndAt);
    const lookedUp = receipt !== undefined;
    countWorkItem(counters, { status, lookedUp, surveyedFiles }, -1);
    countWorkItem(counters, { status: "pending", lookedUp, surveyedFiles: files }, 1);
    if (effect === "again") {
      statements.requeueChanged.run(files, linksEnd, id);
      return true;
    }
    statements.putSurvey.run(files, linksEnd, id);
    this.#pending.surveyed(id, files, linksEnd);
    return false;
  }
}

/** Work items in batches, each read when it is asked for; ends with an empty one. */
async function* batchesOf(
  read: (after: number) => KeyRow[],
  signal: AbortSignal,
): AsyncGenerator<readonly WorkItem[]> {
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const rows = read(after);
    if (rows.length === 0) return;
    yield rows.map(toWorkItem);
    after = rows.at(-1)?.id ?? after;
  }
}
