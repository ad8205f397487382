/** What a parser of URLs leaves as it is: a host in lower case, and a path and a query with nothing to encode. */
const WRITTEN_OUT = /^https?:\/\/[a-z\d.:-]+\/[\w\-.~!$&()*+,;=:@%/?]*$/;
/** A part of the path that begins with a dot may be one that a parser resolves: `.`, `..`, `%2e.`. */
const DOTTED = /\/(?:\.|%2e)/i;

/**
 * A URL as it is requested: where, and path with query. Most are written out by this tool or by a parser already; these
 * are only cut in two, in a quarter of the time that parsing takes.
 *
 * @throws TypeError when it is no URL
 */
export function splitUrl(url: string): { readonly origin: string; readonly path: string } {
  if (WRITTEN_OUT.test(url) && !DOTTED.test(url)) {
    const at = url.indexOf("/", "https://".length);
    return { origin: url.slice(0, at), path: url.slice(at) };
  }
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}
