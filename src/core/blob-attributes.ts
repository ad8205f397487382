/**
 * What a blob of the target gets beside its content: metadata, access tier, tags and cache control. Their rules are the
 * service's, and each has one form as text, so that two runs can be compared.
 */

/** Names with their values. */
export type Pairs = Readonly<Record<string, string>>;

/** Access tiers of a block blob, as the options name them. */
export const TIERS = ["hot", "cool", "cold", "archive"] as const;
export type Tier = (typeof TIERS)[number];

export interface BlobAttributes {
  /** `source`: those of the source. Names in lower case; empty: none. */
  readonly metadata: "source" | Pairs;
  /** `account`: none is named, so that the account's default tier applies. `source`: that of the source. */
  readonly tier: "account" | "source" | Tier;
  /** Index tags; empty: none. */
  readonly tags: Pairs;
  /** `source`: that of the source; else the text of the header. */
  readonly cacheControl: string;
}

export type AttributeName = keyof BlobAttributes;

/** What holds when nothing is asked for. */
export const DEFAULT_ATTRIBUTES: BlobAttributes = {
  metadata: "source",
  tier: "account",
  tags: {},
  cacheControl: "source",
};

/** Names and values together. */
const MOST_METADATA_BYTES = 8 * 1024;
const MOST_TAGS = 10;
const LONGEST_TAG_NAME = 128;
const LONGEST_TAG_VALUE = 256;

/**
 * Metadata of blobs: `name=value,name=value`. A comma within a value is written as `%2C`, a percent sign as `%25`. Names
 * become lower case, because the service takes `Origin` and `origin` for one name.
 *
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 *
 * @throws RangeError that says what is expected
 */
export function parseMetadata(given: string): Pairs {
  const pairs = splitPairs(given, ",").map(([name, value]): [string, string] => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new RangeError(
        `expected names of letters, digits and _ that do not begin with a digit, but "${name}" is not one`,
      );
    }
    const text = value.trim();
    if (!/^[\x20-\x7e]+$/.test(text)) {
      throw new RangeError(`expected a value of ASCII letters, digits and signs for ${name}`);
    }
    return [name.toLowerCase(), text];
  });
  const metadata = toPairs(pairs);
  if (Object.hasOwn(metadata, "hdi_isfolder")) {
    throw new RangeError("hdi_isfolder marks a blob that stands for a folder, which no file is");
  }
  const bytes = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes <= MOST_METADATA_BYTES) return metadata;
  throw new RangeError(
    `expected at most ${MOST_METADATA_BYTES} bytes of metadata, names and values together`,
  );
}

/**
 * Tags of blobs: `name=value,name=value`, or with `&` in place of the comma. Percent-encoding is decoded.
 *
 * https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs
 *
 * @throws RangeError that says what is expected
 */
export function parseTags(given: string): Pairs {
  const pairs = splitPairs(given, /[,&]/);
  for (const [name, value] of pairs) {
    checkTagText("name", name, 1, LONGEST_TAG_NAME);
    checkTagText("value", value, 0, LONGEST_TAG_VALUE);
  }
  if (pairs.length > MOST_TAGS) {
    throw new RangeError(`expected at most ${MOST_TAGS} tags, but ${pairs.length} are given`);
  }
  return toPairs(pairs);
}

function checkTagText(what: "name" | "value", text: string, least: number, most: number): void {
  if (text.length < least || text.length > most) {
    throw new RangeError(`expected the ${what} of a tag to have ${least} to ${most} characters`);
  }
  if (/^[A-Za-z0-9 +\-./:=_]*$/.test(text)) return;
  throw new RangeError(
    `expected the ${what} of a tag to have letters, digits, spaces and + - . / : = _ only, but it is "${text}"`,
  );
}

function splitPairs(given: string, separator: string | RegExp): [name: string, value: string][] {
  return given.split(separator).map((part) => {
    const at = part.indexOf("=");
    if (at < 0) throw new RangeError(`expected name=value, but "${part.trim()}" has no =`);
    return [decode(part.slice(0, at).trim()), decode(part.slice(at + 1).trim())];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(`expected percent signs to be written as %25, but found "${text}"`);
  }
}

function toPairs(pairs: readonly (readonly [string, string])[]): Pairs {
  const names = pairs.map(([name]) => name);
  const repeated = names.find((name, at) => names.indexOf(name) < at);
  if (repeated === undefined) return Object.fromEntries(pairs);
  throw new RangeError(`expected different names, but ${repeated} is given twice`);
}

/** In the order of names, with commas; it reads back as the same pairs. `none` when there are none. */
export function describePairs(pairs: Pairs): string {
  const texts = Object.entries(pairs)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encode(name).replaceAll("=", "%3D")}=${encode(value)}`);
  return texts.length === 0 ? "none" : texts.join(",");
}

function encode(text: string): string {
  return text.replaceAll(/[%,&]|^ | $/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What is not left at its default, as text. */
export function describeAttributes(attributes: BlobAttributes): Partial<Record<AttributeName, string>> {
  const { metadata, tier, tags, cacheControl } = attributes;
  return {
    ...(metadata === "source" ? {} : { metadata: describePairs(metadata) }),
    ...(tier === "account" ? {} : { tier }),
    ...(isEmpty(tags) ? {} : { tags: describePairs(tags) }),
    ...(cacheControl === "source" ? {} : { cacheControl }),
  };
}

/** Whether there are none. */
export function isEmpty(pairs: Pairs): boolean {
  return Object.keys(pairs).length === 0;
}
