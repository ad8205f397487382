/**
 * The `listing` catalog: a CSV or NDJSON file with a row for each file of each work item, in any order, larger than
 * memory. It is indexed once; a lookup then reads the rows where they stand.
 *
 * When the listing changes while it is in use:
 * - Another file renamed over it: lookups go on with the file that was opened, until one asks for `fresh` links.
 *   That one indexes the new file, and from then on everybody gets the new one.
 * - Written in place: a lookup fails (`catalog-error`, for that work item), because half of a listing looks like a
 *   whole one and files would be missed without a word. One with `fresh` indexes what stands there now, provided it
 *   holds still for as long as that takes: such a lookup was answered before, so missing files are noticed.
 */
import { access, rm } from "node:fs/promises";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { ReuploadError } from "../../core/errors.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { filePlace } from "../../files/files.ts";
import type { Catalog, Lookup, Survey } from "../catalog.ts";
import { recheckByLookup } from "../recheck.ts";
import { type BuiltIndex, buildIndex, type IndexTelling, type ListingPaths } from "./build-index.ts";
import { Generation } from "./generation.ts";
import { IndexFile, isIndexError, keyHash } from "./index-file.ts";
import { isReplaced, type ListingFile, openListingFile } from "./open-listing-file.ts";
import { type Found, readWorkItem } from "./read-work-item.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** What it tells, it tells while the listing is indexed; nothing when an index is there. */
export interface ListingOptions extends ListingPaths, IndexTelling {
  readonly surroundings: Surroundings;
  /** Ends indexing on a later `fresh`, and now as well unless `opening` is given. */
  readonly signal: AbortSignal;
  /** Ends the opening. */
  readonly opening?: AbortSignal;
}

/**
 * Opens a listing, with the index that is there when it was made of this version of it, else with a new one. The
 * caller sees to it that no other process uses the same `indexPath` (it belongs to a locked state).
 *
 * @throws ReuploadError `listing-unreadable`, `listing-invalid`, `disk-full`, `output-unwritable`; the signal's reason
 */
export async function openListing(options: ListingOptions): Promise<Catalog> {
  const listing = await openListingFile(options.path);
  try {
    const now = { ...options, signal: options.opening ?? options.signal };
    const found = await openIndex(listing, now);
    const index = found ?? (await newIndex(listing, now));
    return new ListingCatalog(
      options,
      new Generation(options.surroundings, listing, index),
      found === undefined,
    );
  } catch (error) {
    await listing.handle.close();
    throw error;
  }
}

async function openIndex(
  { fingerprint }: ListingFile,
  { indexPath, rejectedPath, signal }: ListingOptions,
): Promise<IndexFile | undefined> {
  const index = await IndexFile.open(filePlace(indexPath), fingerprint, signal);
  if (index === undefined || index.rejected === 0 || (await exists(rejectedPath))) return index;
  index.close();
  return undefined;
}

async function newIndex(listing: ListingFile, options: ListingOptions): Promise<IndexFile> {
  const built = await buildIndex(listing, options, options);
  await built.publish();
  return reopened(listing, options);
}

async function reopened({ fingerprint }: ListingFile, options: ListingOptions): Promise<IndexFile> {
  const index = await IndexFile.open(options.indexPath, fingerprint, options.signal);
  if (index !== undefined) return index;
  throw new ReuploadError("internal", `The index ${options.indexPath} was changed after it was written.`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Work items that are surveyed before others get their turn; some 5 ms. */
const SURVEYED_AT_ONCE = 500;

class ListingCatalog implements Catalog {
  readonly identity: string;
  readonly batchSize = 16;

  readonly #options: ListingOptions;
  readonly #closing = new AbortController();
  #current: Generation;
  /** While a new index is made, or is found not to be needed. */
  #refreshing: Promise<void> | undefined;
  /** While the old index gives way to the new one; stays rejected when that failed. */
  #swapping: Promise<void> | undefined;

  readonly #isNew: boolean;

  /** @param isNew it was indexed in this start, so that it may be another one than an earlier start had */
  constructor(options: ListingOptions, first: Generation, isNew: boolean) {
    this.#isNew = isNew;
    this.identity = `listing:${basename(options.path)}`;
    this.#options = options;
    this.#current = first;
  }

  async *lookup(
    workItems: readonly WorkItem[],
    options: { signal: AbortSignal; fresh?: boolean },
  ): AsyncGenerator<Lookup> {
    for (const workItem of workItems) {
      options.signal.throwIfAborted();
      yield await this.#answer(workItem, options);
    }
  }

  async *survey(
    workItems: AsyncIterable<readonly WorkItem[]>,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<readonly Survey[]> {
    for await (const batch of workItems) {
      for (let at = 0; at < batch.length; at += SURVEYED_AT_ONCE) {
        signal.throwIfAborted();
        const surveys = await this.#survey(batch.slice(at, at + SURVEYED_AT_ONCE));
        if (surveys === undefined) return;
        yield surveys;
      }
    }
  }

  /** undefined when the index is broken: the next lookup finds that out too, and has a new one made. */
  async #survey(workItems: readonly WorkItem[]): Promise<Survey[] | undefined> {
    await setImmediate();
    try {
      return await this.#use(async ({ index }) =>
        workItems.map((workItem) => {
          const { rows, linksEndAt } = index.workItem(keyHash(workItem));
          return { workItem, files: rows, linksEndAt };
        }),
      );
    } catch (error) {
      if (isIndexError(error)) return undefined;
      throw error;
    }
  }

  /** A listing that has its index from an earlier start is the one that was looked up then. */
  async *recheck(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncGenerator<readonly Survey[]> {
    if (this.#isNew) yield* recheckByLookup(this, workItems, options);
  }

  rejectedRows(): { readonly count: number; readonly file: string | undefined } {
    const count = this.#current.index.rejected;
    return { count, file: count > 0 ? this.#options.rejectedPath : undefined };
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The listing was closed.", "AbortError"));
    await this.#refreshing?.catch(() => {}); // whoever asked for it is told
    await this.#current.close();
    await rm(this.#freshIndexPath, { force: true });
  }

  get #freshIndexPath(): string {
    return `${this.#options.indexPath}.fresh`;
  }

  async #answer(
    workItem: WorkItem,
    { signal, fresh }: { signal: AbortSignal; fresh?: boolean },
  ): Promise<Lookup> {
    try {
      if (fresh) await this.#refresh(signal);
      let found = await this.#read(workItem, signal);
      if (found === "changed" && this.#refreshing !== undefined) {
        await this.#refresh(signal);
        found = await this.#read(workItem, signal);
      }
      return typeof found === "string" ? failed(workItem, WHY[found]) : found;
    } catch (error) {
      const fault = signal.aborted ? undefined : describeFault(error);
      if (fault === undefined) throw error;
      return failed(workItem, fault);
    }
  }

  /** Reads with the current index; one that proves to be broken is made anew, once. */
  async #read(workItem: WorkItem, signal: AbortSignal): Promise<Found> {
    const [found, broken] = await this.#use(async (generation) => {
      const answer = await readWorkItem(workItem, generation, signal);
      return [answer, generation] as const;
    });
    if (found !== "broken") return found;
    // A refresh that was under way may have been about something else, and found nothing to do.
    while (this.#current === broken) await this.#refresh(signal, broken);
    return this.#use((generation) => readWorkItem(workItem, generation, signal));
  }

  async #use<T>(work: (generation: Generation) => Promise<T>): Promise<T> {
    while (this.#swapping !== undefined) await this.#swapping;
    this.#closing.signal.throwIfAborted();
    return this.#current.use(work);
  }

  /** Indexes the listing anew when it was replaced, or when `broken` is still in use; one at a time. */
  async #refresh(signal: AbortSignal, broken?: Generation): Promise<void> {
    signal.throwIfAborted();
    // What is under way may have looked at the listing before it was replaced.
    if (this.#refreshing !== undefined && broken === undefined) await untilAborted(this.#refreshing, signal);
    this.#refreshing ??= this.#renew(broken).finally(() => {
      this.#refreshing = undefined;
    });
    await untilAborted(this.#refreshing, signal);
  }

  async #renew(broken: Generation | undefined): Promise<void> {
    const { path, signal } = this.#options;
    const old = this.#current;
    if (broken !== old && !(await isReplaced(path, old.listing))) return;
    // In a place of its own: the next start finds the index of the first listing, and rechecks what was looked up in it.
    const indexPath = broken === old ? this.#options.indexPath : this.#freshIndexPath;
    const ends = AbortSignal.any([signal, this.#closing.signal]);
    const options = { ...this.#options, indexPath, signal: ends };
    const listing = await openListingFile(path);
    try {
      const built = await buildIndex(listing, options, options);
      this.#swapping = this.#swap(old, listing, built, options);
      await this.#swapping;
      this.#swapping = undefined;
    } catch (error) {
      await listing.handle.close();
      throw error;
    }
  }

  async #swap(
    old: Generation,
    listing: ListingFile,
    built: BuiltIndex,
    options: ListingOptions,
  ): Promise<void> {
    await old.close();
    await built.publish();
    this.#current = new Generation(options.surroundings, listing, await reopened(listing, options));
  }
}

/** What is wrong with the listing, when that is what the error says. */
function describeFault(error: unknown): string | undefined {
  if (error instanceof ReuploadError) return error.code.startsWith("listing-") ? error.message : undefined;
  const isOfFileSystem = error instanceof Error && "syscall" in error;
  return isOfFileSystem ? `The listing cannot be read: ${error.message}.` : undefined;
}

const WHY = {
  changed:
    "The listing was changed after it was indexed. Run again with --resume when it is complete. To replace a listing during a run, write a new file and rename it.",
  broken: "The index does not match the listing, even after it was built again.",
} as const;

function failed(workItem: WorkItem, message: string): Lookup {
  return {
    workItem,
    workItemName: "",
    files: [],
    problems: [],
    failure: { code: "catalog-error", message },
  };
}
