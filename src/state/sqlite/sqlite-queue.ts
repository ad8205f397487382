import type { Checkpoint } from "../../core/checkpoint.ts";
import { applyClaim, applyRelease } from "../ledger/events.ts";
import { HeldWorkItem } from "../ledger/held-work-item.ts";
import type { WorkItemRequest } from "../../core/control-request.ts";
import type { Claim, ClaimAnswer, Rearranged, WorkQueue } from "../work-queue.ts";
import type { SqlitePartitions } from "./partitions.ts";
import type { PendingWorkItems } from "./pending-work-items.ts";
import { rearrange } from "./rearrange.ts";
import { readFiles, readWorkItem, type WorkItemRow } from "./rows.ts";
import { firstRow } from "./statements.ts";
import type { Writing } from "./writing.ts";

/** The queue on SQLite, as one holder has it. */
export class SqliteQueue implements WorkQueue {
  readonly #writing: Writing;
  readonly #partitions: SqlitePartitions;
  readonly #pending: PendingWorkItems;
  readonly #holder: number;
  /** The version of the changes that the last answer of `claim` knew. */
  #seen = 0;

  constructor(writing: Writing, partitions: SqlitePartitions, pending: PendingWorkItems) {
    this.#writing = writing;
    this.#partitions = partitions;
    this.#pending = pending;
    this.#holder = writing.holdings.newHolder();
  }

  async claim(max: number, { signal }: { readonly signal: AbortSignal }): Promise<ClaimAnswer> {
    signal.throwIfAborted();
    this.#writing.commitNow();
    const { holdings, counters } = this.#writing;
    this.#seen = holdings.watch(this.#holder).version;
    const fromOthers = this.#givenBackByOthers(max);
    const rows = [...fromOthers, ...this.#pending.next(max - fromOthers.length)];
    if (rows.length > 0) return { kind: "claims", claims: rows.map((row) => this.#claimOne(row)) };
    const isMoreToCome = holdings.othersHold(this.#holder) || counters.work_items_not_mine > 0;
    return { kind: isMoreToCome ? "nothing-now" : "all-done" };
  }

  #givenBackByOthers(max: number): WorkItemRow[] {
    const { holdings, statements } = this.#writing;
    return holdings
      .fromOthers(this.#holder, max)
      .flatMap((id) => firstRow<WorkItemRow>(statements.claimable, id) ?? []);
  }

  #claimOne(row: WorkItemRow): Claim {
    const { statements, context, holdings, commits, onlyPartition } = this.#writing;
    const stored = readWorkItem(statements, row, onlyPartition);
    const wasOpened = row.receipt_count !== null;
    const item = new HeldWorkItem(stored, wasOpened ? readFiles(statements, row.id, row.uri_base) : []);
    applyClaim(item, context);
    holdings.take(item, this.#holder);
    commits.touch();
    return item.toClaim(holdings.lostSignal(item.partition));
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#writing.holdings.watch(this.#holder).after(this.#seen, signal);
  }

  release(claims: readonly number[]): void {
    this.#writing.refuseClosed();
    const { holdings, context, commits } = this.#writing;
    const items = claims.map((id) => holdings.held(id, "a release", this.#holder));
    for (const item of items) {
      const isHere = this.#partitions.isHere(this.#partitions.partitionOf(item.id, item.partition));
      applyRelease(item, isHere ? "pending" : "not_mine", context);
      if (isHere) holdings.givenBack.set(item.id, this.#holder);
      holdings.drop(item.id);
      commits.touch();
    }
  }

  async admit(partition: number, checkpoint: Checkpoint | undefined): Promise<void> {
    this.#partitions.admit(partition, checkpoint);
    this.#writing.holdings.arrived();
  }

  async withdraw(partition: number, why: Error): Promise<void> {
    this.#partitions.withdraw(partition);
    this.#writing.holdings.lose(partition, why);
  }

  async rearrange(request: WorkItemRequest): Promise<Rearranged> {
    const isHere = (partition: number): boolean => this.#partitions.isHere(partition);
    const { id, ...result } = rearrange(this.#writing, request, isHere);
    if (id !== undefined && request.kind === "bump") this.#pending.bumped(id);
    // What was given back, or passed, may be wanted again.
    if (request.kind === "skip") this.#writing.holdings.tell();
    else this.#writing.holdings.arrived();
    return result;
  }

  sizes(): ReadonlyMap<number, number> {
    return this.#partitions.sizes();
  }

  left(partition: number): ReturnType<WorkQueue["left"]> {
    return this.#partitions.left(partition);
  }

  beside(): WorkQueue {
    return new SqliteQueue(this.#writing, this.#partitions, this.#pending.beside());
  }
}
