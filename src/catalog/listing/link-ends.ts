import { linkExpiry } from "../../core/file.ts";

/**
 * Tells when links end, for every row of a listing: its links mostly end at the same few times, so that the last
 * answer is kept. A time in an unusual spelling (`%73e=`) is not seen: who uses a link looks closer.
 */
export class LinkEnds {
  #text = "";
  #seconds = 0;

  /** Whole seconds since the epoch, rounded down; 0 when the link has no end. */
  of(uri: string): number {
    const query = uri.indexOf("?");
    if (query === -1) return 0;
    const at = uri.startsWith("?se=", query) ? query : uri.indexOf("&se=", query);
    if (at === -1) return 0;
    const end = uri.indexOf("&", at + 1);
    const text = end === -1 ? uri.slice(at + 1) : uri.slice(at + 1, end);
    if (text !== this.#text) {
      this.#text = text;
      this.#seconds = toSeconds(linkExpiry(`?${text}`));
    }
    return this.#seconds;
  }
}

/** The index has 32 bits for it, enough until 2106. */
function toSeconds(time: number | undefined): number {
  return time === undefined ? 0 : Math.min(Math.max(1, Math.floor(time / 1000)), 2 ** 32 - 1);
}
