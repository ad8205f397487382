/** One file as a catalog lists it. */
export interface CatalogFile {
  /** Name within the work item, may hold `/`; untrusted. */
  readonly fileName: string;
  /** Link to the source blob, with its SAS when it has one (a secret), or a local path's file: URL. */
  readonly uri: string;
  /** Bytes, when the catalog knows. */
  readonly length?: number;
  /** Base64 MD5 of the content, when the catalog knows. */
  readonly contentMd5?: string;
}

/** What stands before the host: a name, a password. */
const USER_PART = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#\\]*@/i;

/**
 * The link without its query and its user part: what may be stored, shown and compared (they hold a SAS, a password). A
 * `#` belongs to the name: nothing is a fragment here, and two files must not become one.
 */
export function uriWithoutQuery(uri: string): string {
  const end = uri.indexOf("?");
  const bare = end === -1 ? uri : uri.slice(0, end);
  return bare.includes("@") ? bare.replace(USER_PART, "$1") : bare;
}

/** The identity of a file within its work item: its name and its link without query. */
export function fileKey(file: Pick<CatalogFile, "fileName" | "uri">): string {
  return `${file.fileName}\0${uriWithoutQuery(file.uri)}`;
}

/**
 * When a link with a SAS ends (`se=`), as ms since the epoch; undefined when it has no end of its own
 * (no SAS, or a stored access policy).
 */
export function linkExpiry(uri: string): number | undefined {
  const query = uri.indexOf("?");
  if (query === -1) return undefined;
  const end = new URLSearchParams(uri.slice(query + 1)).get("se");
  if (end === null) return undefined;
  const time = Date.parse(end);
  return Number.isNaN(time) ? undefined : time;
}
