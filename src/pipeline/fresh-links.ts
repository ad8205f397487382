import type { Catalog } from "../catalog/catalog.ts";
import { type CatalogFile, fileKey, linkExpiry } from "../core/file.ts";
import { untilAborted } from "../core/until-aborted.ts";
import { chooseWaitSignal, type WorkSignals } from "../core/waits.ts";
import type { WorkItem } from "../core/work-item.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** A link that ends within this time is looked up again before it is used, ms: it may last shorter than the file. */
const MARGIN_MS = 10 * 60_000;
/** Clocks differ: a link that ended this long ago is certain to have ended for the service too, ms. */
const CLOCK_SKEW_MS = 60_000;
/** The next question of a work item is asked so long after the last one at the earliest, ms. */
const LEAST_DISTANCE_MS = 1_000;
/** How long an answer without a newer link is good for, ms: at first, and after doubling again and again. */
const FIRST_GOOD_MS = 2_000;
const LONGEST_GOOD_MS = 60_000;

/** Whether the link is about to end, or has ended. @param now ms since the epoch */
export function endsSoon(file: CatalogFile, now: number): boolean {
  return endsBefore(file, now + MARGIN_MS);
}

function endsBefore(file: CatalogFile, time: number): boolean {
  const expiry = linkExpiry(file.uri);
  return expiry !== undefined && expiry < time;
}

/** One question to the catalog, answered or under way. */
interface Question {
  /** When it was asked, ms since the epoch. */
  readonly at: number;
  /** By file. */
  readonly links: Promise<ReadonlyMap<string, CatalogFile>>;
  /** Ends it; called when nobody waits for it any more. */
  readonly end: AbortController;
  waiters: number;
}

/**
 * A work item's newer links. All its files share the questions, which are asked one at a time.
 *
 * - A link that is about to end is asked about, unless the last answer, which brought nothing newer, is good still.
 * - A link that was refused is asked about, whatever was answered before its end: only an answer that was asked for
 *   after the links had ended (or had been refused) is good for a while. So no file fails whose link was renewed in
 *   time, and a work item whose links are not renewed at all costs few questions.
 */
export class FreshLinks {
  readonly #surroundings: Surroundings;
  readonly #catalog: Catalog;
  readonly #workItem: WorkItem;
  readonly #count: { renewed: number };
  #last: Question | undefined;
  #goodMs = FIRST_GOOD_MS;
  /** When a link was refused first since the catalog gave a newer one. */
  #refusedSince: number | undefined;

  /** @param count of the links that got a newer one */
  constructor(surroundings: Surroundings, catalog: Catalog, workItem: WorkItem, count: { renewed: number }) {
    this.#surroundings = surroundings;
    this.#count = count;
    this.#catalog = catalog;
    this.#workItem = workItem;
  }

  /**
   * The file, whose link is about to end, with another link; undefined when the catalog has no other.
   *
   * @throws ReuploadError when the catalog as a whole cannot answer; the reason of the signals
   */
  async beforeUse(file: CatalogFile, signals: WorkSignals): Promise<CatalogFile | undefined> {
    const last = this.#last;
    const known = await this.#otherLink(file, signals);
    if (known !== undefined && !endsSoon(known, this.#surroundings.wall())) return this.#counted(known);
    const isGood =
      this.#last !== last || (last !== undefined && this.#surroundings.wall() - last.at < this.#goodMs);
    if (!isGood) await this.#ask(file, signals);
    return this.#counted(await this.#otherLink(file, signals));
  }

  /**
   * The file, whose link was refused, with another link; undefined when the catalog has no other.
   *
   * @throws as `beforeUse` does
   */
  async afterRefusal(file: CatalogFile, signals: WorkSignals): Promise<CatalogFile | undefined> {
    const refusedAt = this.#surroundings.wall();
    for (;;) {
      const last = this.#last;
      const known = await this.#otherLink(file, signals);
      // Another file of the work item has asked meanwhile.
      if (this.#last !== last) continue;
      if (known !== undefined && !endsBefore(known, this.#surroundings.wall())) return this.#counted(known);
      if (this.#isAnswered(file, refusedAt)) return this.#counted(known);
      this.#refusedSince ??= refusedAt;
      const tooSoonMs = (this.#last?.at ?? 0) + LEAST_DISTANCE_MS - this.#surroundings.wall();
      if (tooSoonMs > 0) {
        await sleep(this.#surroundings, Math.min(tooSoonMs, LEAST_DISTANCE_MS), chooseWaitSignal(signals));
      } else await this.#ask(file, signals);
    }
  }

  /** Whether the last answer tells what there is for a link that was refused then. */
  #isAnswered(file: CatalogFile, refusedAt: number): boolean {
    const { at } = this.#last ?? { at: Number.NEGATIVE_INFINITY };
    if (at >= refusedAt) return true;
    if (this.#surroundings.wall() - at >= this.#goodMs) return false;
    if (endsBefore(file, at - CLOCK_SKEW_MS)) return true;
    const isAskedAfterEnd = !endsBefore(file, this.#surroundings.wall()) || endsBefore(file, at);
    return isAskedAfterEnd && this.#refusedSince !== undefined && at >= this.#refusedSince;
  }

  /** Asks anew, on behalf of this file and of all that come to wait. */
  async #ask(file: CatalogFile, signals: WorkSignals): Promise<void> {
    const end = new AbortController();
    const signal = AbortSignal.any([signals.signal, end.signal]);
    const question: Question = {
      at: this.#surroundings.wall(),
      links: this.#readLinks(signal),
      end,
      waiters: 0,
    };
    // Told to those who wait.
    question.links.catch(() => {});
    this.#last = question;
    const newer = await this.#otherLink(file, signals);
    this.#goodMs = newer === undefined ? Math.min(2 * this.#goodMs, LONGEST_GOOD_MS) : FIRST_GOOD_MS;
    if (newer !== undefined) this.#refusedSince = undefined;
  }

  async #readLinks(signal: AbortSignal): Promise<ReadonlyMap<string, CatalogFile>> {
    const links = new Map<string, CatalogFile>();
    for await (const lookup of this.#catalog.lookup([this.#workItem], { signal, fresh: true })) {
      // A file in flight stays in the run, also when the filter leaves it out by now.
      for (const file of [...(lookup.leftOut ?? []), ...lookup.files]) links.set(fileKey(file), file);
    }
    return links;
  }

  /** What the last question gave for the file, if it is another link. */
  async #otherLink(file: CatalogFile, signals: WorkSignals): Promise<CatalogFile | undefined> {
    const question = this.#last;
    if (question === undefined) return undefined;
    const waitSignal = chooseWaitSignal(signals);
    question.waiters++;
    try {
      const link = (await untilAborted(question.links, waitSignal)).get(fileKey(file));
      return link?.uri === file.uri ? undefined : link;
    } finally {
      if (--question.waiters === 0 && waitSignal.aborted) this.#giveUp(question, waitSignal.reason);
    }
  }

  #giveUp(question: Question, reason: unknown): void {
    if (this.#last === question) this.#last = undefined;
    question.end.abort(reason);
  }

  #counted(newer: CatalogFile | undefined): CatalogFile | undefined {
    if (newer !== undefined) this.#count.renewed++;
    return newer;
  }
}
