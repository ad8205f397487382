/** The queue and the survey book of a state in memory: plain loops over its rows. */
import type { Checkpoint } from "../../src/core/checkpoint.ts";
import type { WorkItemRequest } from "../../src/core/control-request.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { countWorkItem } from "../../src/state/ledger/counters.ts";
import { applyClaim, applyRelease } from "../../src/state/ledger/events.ts";
import { HeldWorkItem } from "../../src/state/ledger/held-work-item.ts";
import { isBumpable, MOST_NAMED_JOBS, rearrangedStatus } from "../../src/state/ledger/rearrangement.ts";
import { hourOfEnd, surveyEffect } from "../../src/state/ledger/surveyed.ts";
import type { SurveyBook, SurveyedWorkItem } from "../../src/state/survey-book.ts";
import type { Claim, ClaimAnswer, Rearranged, WorkQueue } from "../../src/state/work-queue.ts";
import type { Row } from "./memory-disk.ts";
import type { MemoryState } from "./memory-state.ts";

function bumpOrder({ bumped }: Row): number {
  return bumped ?? Number.MAX_SAFE_INTEGER;
}

/** Work items read at once. */
const BATCH = 1_000;

export class MemoryQueue implements WorkQueue {
  readonly #state: MemoryState;
  readonly #holder: number;
  #seen = 0;

  constructor(state: MemoryState) {
    this.#state = state;
    this.#holder = state.holdings.newHolder();
  }

  async claim(max: number, { signal }: { readonly signal: AbortSignal }): Promise<ClaimAnswer> {
    signal.throwIfAborted();
    this.#state.refuseClosed();
    this.#state.commit();
    this.#state.choose();
    const { holdings, disk, only, context } = this.#state;
    this.#seen = holdings.watch(this.#holder).version;
    const rows = disk.rows
      .filter(({ id, status }) => status === "pending" && (only?.has(id) ?? true))
      .filter(({ id }) => holdings.givenBack.get(id) !== this.#holder)
      .sort(
        (a, b) =>
          bumpOrder(a) - bumpOrder(b) ||
          a.linksEnd - b.linksEnd ||
          (b.surveyedFiles ?? 0) - (a.surveyedFiles ?? 0) ||
          a.id - b.id,
      )
      .slice(0, max);
    if (rows.length > 0) return { kind: "claims", claims: rows.map((row) => this.#claimOne(row)) };
    const isMoreToCome = holdings.othersHold(this.#holder) || context.counters.work_items_not_mine > 0;
    return { kind: isMoreToCome ? "nothing-now" : "all-done" };
  }

  #claimOne(row: Row): Claim {
    const { holdings, context } = this.#state;
    const item = new HeldWorkItem(
      row,
      row.files.map(({ detail, ...file }) => ({
        ...file,
        hasDetail: detail !== null,
        blobName: detail?.blobName ?? null,
      })),
    );
    applyClaim(item, context);
    holdings.take(item, this.#holder);
    this.#state.commit();
    return item.toClaim(holdings.lostSignal(item.partition));
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#state.holdings.watch(this.#holder).after(this.#seen, signal);
  }

  release(claims: readonly number[]): void {
    this.#state.refuseClosed();
    const { holdings, context, here } = this.#state;
    const items = claims.map((id) => holdings.held(id, "a release", this.#holder));
    for (const item of items) {
      applyRelease(item, here.has(item.partition) ? "pending" : "not_mine", context);
      if (here.has(item.partition)) holdings.givenBack.set(item.id, this.#holder);
      holdings.drop(item.id);
    }
  }

  async admit(partition: number, checkpoint: Checkpoint | undefined): Promise<void> {
    this.#state.admit(partition, checkpoint);
    this.#state.holdings.arrived();
  }

  async withdraw(partition: number, why: Error): Promise<void> {
    this.#state.withdraw(partition);
    this.#state.holdings.lose(partition, why);
  }

  async rearrange({ kind, workItemId, jobId }: WorkItemRequest): Promise<Rearranged> {
    this.#state.refuseClosed();
    this.#state.commit();
    const { disk, holdings, here } = this.#state;
    const rows = disk.rows.filter(
      ({ workItem }) => workItem.workItemId === workItemId && (jobId ?? workItem.jobId) === workItem.jobId,
    );
    const [row, second] = rows;
    if (row === undefined) return { kind: "unknown" };
    if (second !== undefined) {
      const jobIds = rows.map(({ workItem }) => workItem.jobId).sort();
      return { kind: "ambiguous", jobIds: jobIds.slice(0, MOST_NAMED_JOBS) };
    }
    const from = row.status;
    const wanted = rearrangedStatus(kind, from, holdings.isHeld(row.id));
    const to = wanted === "pending" && from !== "pending" && !here.has(row.partition) ? "not_mine" : wanted;
    if (to !== from) this.#state.move(row, to);
    else if (kind === "bump" && isBumpable(from)) {
      row.bumped ??= 1 + Math.max(0, ...disk.rows.map((one) => one.bumped ?? 0));
    }
    if (to === "skipped") row.bumped = undefined;
    this.#state.commit();
    if (kind === "skip") holdings.tell();
    else holdings.arrived();
    return { kind: "found", workItem: row.workItem, from, to };
  }

  sizes(): ReadonlyMap<number, number> {
    const byPartition = Map.groupBy(this.#state.disk.rows, ({ partition }) => partition);
    return new Map([...byPartition].map(([partition, rows]) => [partition, rows.length]));
  }

  left(partition: number): { readonly all: number; readonly inProgress: number } {
    this.#state.commit();
    const all = this.#state
      .rowsOf(partition)
      .filter(({ status }) => ["pending", "in_progress", "not_mine"].includes(status));
    return { all: all.length, inProgress: all.filter(({ status }) => status === "in_progress").length };
  }

  beside(): WorkQueue {
    return new MemoryQueue(this.#state);
  }
}

export class MemorySurveys implements SurveyBook {
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async *toSurvey({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    const { only } = this.#state;
    yield* this.#batches(
      ({ id, status, receipt }) => status === "pending" && receipt === undefined && (only?.has(id) ?? true),
      signal,
    );
  }

  all({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    return this.#batches(() => true, signal);
  }

  async *toRecheck({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    const { isPart, start, run } = this.#state;
    if (isPart || start.number === 1 || run.identity.partition === "auto") return;
    const startedAt = Math.floor(this.#state.start.startedAt / 1000);
    yield* this.#batches(
      ({ status, finishedAt }) => status === "completed" && (finishedAt ?? 0) <= startedAt,
      signal,
    );
  }

  async *#batches(isWanted: (row: Row) => boolean, signal: AbortSignal): AsyncGenerator<readonly WorkItem[]> {
    this.#state.commit();
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const rows = this.#state.disk.rows.filter((row) => row.id > after && isWanted(row)).slice(0, BATCH);
      if (rows.length === 0) return;
      yield rows.map(({ workItem }) => workItem);
      after = rows.at(-1)?.id ?? after;
    }
  }

  note(surveys: readonly SurveyedWorkItem[]): number {
    this.#state.refuseClosed();
    this.#state.commit();
    const { counters } = this.#state.context;
    let broughtBack = 0;
    for (const survey of surveys) {
      const row = this.#state.disk.find(survey.workItem);
      const effect = row === undefined ? "nothing" : surveyEffect(row, survey);
      if (row === undefined || effect === "nothing") continue;
      const { status, surveyedFiles } = row;
      const lookedUp = row.receipt !== undefined;
      countWorkItem(counters, { status, lookedUp, surveyedFiles }, -1);
      countWorkItem(counters, { status: "pending", lookedUp, surveyedFiles: survey.files }, 1);
      Object.assign(row, {
        status: "pending",
        surveyedFiles: survey.files,
        linksEnd: hourOfEnd(survey.linksEndAt),
      } satisfies Partial<Row>);
      if (effect === "again") broughtBack++;
    }
    this.#state.commit();
    if (broughtBack > 0) this.#state.holdings.tell();
    return broughtBack;
  }
}
