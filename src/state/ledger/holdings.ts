import { ReuploadError } from "../../core/errors.ts";
import { ChangeWatch } from "./change-watch.ts";
import type { HeldWorkItem } from "./held-work-item.ts";

/** Who holds which work item in this start, who gave which back, and which partitions may be lost. */
export class Holdings {
  /** By holder: what it may claim has changed. What a holder does itself is no news to it. */
  readonly #watches = new Map<number, ChangeWatch>();
  readonly #held = new Map<number, { readonly item: HeldWorkItem; readonly holder: number }>();
  /** By holder, how many work items it holds. */
  readonly #counts = new Map<number, number>();
  /** Given back in this start, and by whom: the others may have them. At most those that were open at a stop. */
  readonly givenBack = new Map<number, number>();
  readonly #lost = new Map<number, AbortController>();
  /** Rises when work items became pending that a holder may have passed. */
  arrivals = 0;

  newHolder(): number {
    const holder = this.#watches.size + 1;
    this.#watches.set(holder, new ChangeWatch());
    return holder;
  }

  /** @throws ReuploadError `internal` */
  watch(holder: number): ChangeWatch {
    const watch = this.#watches.get(holder);
    if (watch === undefined) throw new ReuploadError("internal", `unknown holder ${holder}`);
    return watch;
  }

  /** Tells all holders but this one. */
  tell(except?: number): void {
    for (const [holder, watch] of this.#watches) if (holder !== except) watch.changed();
  }

  take(item: HeldWorkItem, holder: number): void {
    this.#held.set(item.id, { item, holder });
    this.givenBack.delete(item.id);
    this.#counts.set(holder, (this.#counts.get(holder) ?? 0) + 1);
  }

  /** @throws ReuploadError `internal` when nobody holds it, or another one than `holder` */
  held(id: number, what: string, holder?: number): HeldWorkItem {
    const held = this.#held.get(id);
    if (held === undefined || (holder !== undefined && held.holder !== holder)) {
      throw new ReuploadError("internal", `${what} for work item ${id}, which is not claimed`);
    }
    return held.item;
  }

  isHeld(id: number): boolean {
    return this.#held.has(id);
  }

  /** It came to its end, or was given back. */
  drop(id: number): void {
    const holder = this.#held.get(id)?.holder;
    if (holder === undefined) return;
    this.#held.delete(id);
    this.#counts.set(holder, (this.#counts.get(holder) ?? 1) - 1);
    this.tell(holder);
  }

  /** Whether another holder than this one holds anything. */
  othersHold(holder: number): boolean {
    return this.#held.size > (this.#counts.get(holder) ?? 0);
  }

  /** Ids that other holders gave back, at most `max`. */
  fromOthers(holder: number, max: number): number[] {
    const found: number[] = [];
    for (const [id, by] of this.givenBack) {
      if (found.length === max) break;
      if (by !== holder) found.push(id);
    }
    return found;
  }

  /** The signal that tells that a partition is lost; a new one after each loss. */
  lostSignal(partition: number): AbortSignal {
    let control = this.#lost.get(partition);
    if (control === undefined) this.#lost.set(partition, (control = new AbortController()));
    return control.signal;
  }

  /** Work items became pending, wherever a holder had come to; any holder may have what was given back. */
  arrived(): void {
    this.arrivals++;
    this.givenBack.clear();
    this.tell();
  }

  lose(partition: number, why: Error): void {
    this.#lost.get(partition)?.abort(why);
    this.#lost.delete(partition);
    this.tell();
  }
}
