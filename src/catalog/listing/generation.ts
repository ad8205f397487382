import type { IndexFile } from "./index-file.ts";
import type { ListingFile } from "./open-listing-file.ts";
import { PartReader } from "./part-reader.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** One version of a listing, open, with its index. Closes once nobody reads in it any more. */
export class Generation {
  readonly listing: ListingFile;
  readonly index: IndexFile;
  readonly parts: PartReader;
  #users = 0;
  #whenUnused: (() => void) | undefined;
  #isClosed = false;

  constructor(surroundings: Surroundings, listing: ListingFile, index: IndexFile) {
    this.listing = listing;
    this.index = index;
    this.parts = new PartReader(surroundings, listing.handle);
  }

  async use<T>(work: (generation: this) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this);
    } finally {
      this.#users--;
      if (this.#users === 0) this.#whenUnused?.();
    }
  }

  /** Waits for those who use it; nobody may start to use it any more. Repeating it is harmless. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#users > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenUnused = resolve;
      await promise;
    }
    this.index.close();
    await this.listing.handle.close();
  }
}
