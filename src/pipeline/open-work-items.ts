import type { WorkItem } from "../core/work-item.ts";
import type { Claim, WorkQueue } from "../state/work-queue.ts";
import type { OpenWorkItem } from "./open-work-item.ts";

export interface OpenWorkItemsOptions {
  readonly queue: Pick<WorkQueue, "release">;
  /** A work item ended or was given back. */
  readonly onClose: () => void;
  /** Work items were given back: the queue may have another answer, of which it tells others alone. */
  readonly onGivenBack: () => void;
  /** The queue threw. */
  readonly onError: (error: unknown) => void;
}

/** The work items that are claimed and have not ended yet. */
export class OpenWorkItems {
  /** By id; those that were looked up have an item. */
  readonly #items = new Map<number, OpenWorkItem | undefined>();
  readonly #options: OpenWorkItemsOptions;

  constructor(options: OpenWorkItemsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.size;
  }

  claimed(claims: readonly Claim[]): void {
    for (const { id } of claims) this.#items.set(id, undefined);
  }

  opened(item: OpenWorkItem): void {
    this.#items.set(item.id, item);
  }

  /** Records the end of a work item that has files. */
  finish(item: OpenWorkItem): void {
    item.finish();
    this.close(item.id);
  }

  /** The work item has come to its end, which is recorded. */
  close(id: number): void {
    this.#items.delete(id);
    this.#options.onClose();
  }

  /** Gives back claims that did not come to their end. */
  giveBack(ids: readonly number[]): void {
    if (ids.length === 0) return;
    const { queue, onError, onGivenBack } = this.#options;
    try {
      queue.release(ids);
    } catch (thrown) {
      onError(thrown);
    }
    for (const id of ids) this.close(id);
    onGivenBack();
  }

  giveBackAll(): void {
    this.giveBack([...this.#items.keys()]);
  }

  /** Those that were looked up and of which no file was begun. */
  untouched(isIt: (workItem: WorkItem) => boolean): readonly OpenWorkItem[] {
    return [...this.#items.values()].flatMap((item) =>
      item !== undefined && !item.hasBegun && isIt(item.workItem) ? [item] : [],
    );
  }

  /** Gives back lost claims that were looked up and have nothing in flight. */
  giveBackLost(): void {
    const lost = [...this.#items.values()].filter(
      (item) => item?.lost.aborted === true && item.inFlight === 0,
    );
    this.giveBack(lost.flatMap((item) => item?.id ?? []));
  }
}
