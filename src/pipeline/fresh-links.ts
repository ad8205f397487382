import type { Catalog } from "../catalog/catalog.ts";
import { type CatalogFile, fileKey, linkExpiry } from "../core/file.ts";
import type { WorkItem } from "../core/work-item.ts";

/** A link that ends within this time is looked up again before it is used, ms: it may last shorter than the file. */
const MARGIN_MS = 10 * 60_000;
/** How long the catalog's last answer is good for, ms: all files of a work item share it. */
const ASK_AGAIN_MS = 10 * 60_000;

/** Whether the link is about to end, or has ended. */
export function endsSoon(file: CatalogFile): boolean {
  const expiry = linkExpiry(file.uri);
  return expiry !== undefined && expiry - Date.now() < MARGIN_MS;
}

interface Answer {
  /** When it was asked for, ms since the epoch. */
  readonly at: number;
  /** By file. */
  readonly links: Promise<ReadonlyMap<string, CatalogFile>>;
}

/** A work item's newer links, asked for when a link is about to end or is refused; once for all its files. */
export class FreshLinks {
  readonly #catalog: Catalog;
  readonly #workItem: WorkItem;
  readonly #count: { renewed: number };
  #answer: Answer | undefined;

  /** @param count of the links that got a newer one */
  constructor(catalog: Catalog, workItem: WorkItem, count: { renewed: number }) {
    this.#count = count;
    this.#catalog = catalog;
    this.#workItem = workItem;
  }

  /**
   * The file with another link than it has; undefined when the catalog has no other.
   *
   * @throws ReuploadError when the catalog as a whole cannot answer; the signal's reason
   */
  async newer(file: CatalogFile, signal: AbortSignal): Promise<CatalogFile | undefined> {
    const newer = await this.#newer(file, signal);
    if (newer !== undefined) this.#count.renewed++;
    return newer;
  }

  async #newer(file: CatalogFile, signal: AbortSignal): Promise<CatalogFile | undefined> {
    const answer = this.#answer;
    const known = await otherLink(file, answer);
    if (known !== undefined && !endsSoon(known)) return known;
    // Another file of the work item may have asked meanwhile.
    const mayAsk = this.#answer === answer && Date.now() - (answer?.at ?? 0) >= ASK_AGAIN_MS;
    if (mayAsk) this.#answer = { at: Date.now(), links: this.#ask(signal) };
    return otherLink(file, this.#answer);
  }

  async #ask(signal: AbortSignal): Promise<ReadonlyMap<string, CatalogFile>> {
    const links = new Map<string, CatalogFile>();
    for await (const lookup of this.#catalog.lookup([this.#workItem], { signal, fresh: true })) {
      for (const file of lookup.files) links.set(fileKey(file), file);
    }
    return links;
  }
}

async function otherLink(file: CatalogFile, answer: Answer | undefined): Promise<CatalogFile | undefined> {
  const link = (await answer?.links)?.get(fileKey(file));
  return link?.uri === file.uri ? undefined : link;
}
