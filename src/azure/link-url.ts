/** Scheme and authority, path, query. Whatever follows `?` is the query: a `?` in a name has to be `%3F`. */
const PARTS = /^(https?:\/\/[^/?#\\]*)([^?]*)(?:\?([^]*))?$/i;

/** A bare `%`, or what may not stand in a path or a query as it is. */
const ODD = /%(?![0-9a-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@%/?]/iu;
const EVERY_ODD = new RegExp(ODD, "giu");

/** In the base64 of a signature a `+` is no space, nor is a space: somebody decoded the link. */
const SIGNATURE = /(^|&)(sig=)([^&]*[+ ][^&]*)/i;

/**
 * The link as it goes over the wire, the same for our own requests and for the service's: letters, spaces, brackets,
 * `#` and a bare `%` are percent-encoded; what is encoded already stays as it is. A `#` before the query belongs to the
 * name (no service takes a fragment); one behind it, and what follows, is left out.
 *
 * @returns undefined when it is no URL
 */
export function linkUrl(link: string): URL | undefined {
  const [, origin, path = "", query] = PARTS.exec(link) ?? [];
  if (origin === undefined) return URL.parse(link) ?? undefined;
  const sent = query === undefined ? "" : `?${encodeOdd(encodeSignature(query.split("#", 1)[0] ?? ""))}`;
  return URL.parse(origin + encodeOdd(path) + sent) ?? undefined;
}

/** A part of a URL as it reads; as it stands when it is percent-encoded by another rule than UTF-8. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encodeOdd(text: string): string {
  if (!ODD.test(text)) return text;
  return text.toWellFormed().replace(EVERY_ODD, encodeURIComponent);
}

function encodeSignature(query: string): string {
  return query.replace(
    SIGNATURE,
    (_, before: string, name: string, value: string) => before + name + value.replace(/[+ ]/g, "%2B"),
  );
}
