const ORIGIN = /^https?:\/\/[^/?#\\]*/i;

/** A bare `%`, or what may not stand in a path or a query as it is. */
const ODD = /%(?![0-9A-Fa-f]{2})|[^\w\-.~!$&'()*+,;=:@%/?]/;
/** The same, a code point at a time. */
const EVERY_ODD = new RegExp(ODD, "gu");

/** In the base64 of a signature a `+` is no space, nor is a space: somebody decoded the link. */
const SIGNATURE = /(^|&)(sig=)([^&]*[+ ][^&]*)/i;

/**
 * The link as it goes over the wire, the same for our own requests and for the service's: letters, spaces, brackets,
 * `#` and a bare `%` are percent-encoded; what is encoded already stays as it is. A `#` before the query belongs to the
 * name (no service takes a fragment); one behind it, and what follows, is left out. What follows the first `?` is the
 * query: in a name it has to be `%3F`.
 *
 * @returns undefined when it is no URL
 */
export function linkUrl(link: string): URL | undefined {
  return URL.parse(encodeLink(link)) ?? undefined;
}

function encodeLink(link: string): string {
  const [origin] = ORIGIN.exec(link) ?? [];
  if (origin === undefined) return link;
  const mark = link.indexOf("?", origin.length);
  if (mark === -1) return origin + encodeOdd(link.slice(origin.length));
  const query = link.slice(mark + 1).split("#", 1)[0] ?? "";
  return `${origin}${encodeOdd(link.slice(origin.length, mark))}?${encodeOdd(encodeSignature(query))}`;
}

/** A part of a URL as it reads; as it stands when it is percent-encoded by another rule than UTF-8. */
export function decodePart(text: string): string {
  if (!text.includes("%")) return text;
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
  if (!/[+ ]/.test(query)) return query;
  return query.replace(
    SIGNATURE,
    (_, before: string, name: string, value: string) => before + name + value.replace(/[+ ]/g, "%2B"),
  );
}
