import { ReuploadError } from "../../core/errors.ts";
import type { KustoColumn } from "../../kusto/kusto.ts";
import { LISTING_COLUMNS, type ListingColumn } from "../listing/listing-row.ts";

/** Types that are a text, or become one without loss. */
const TEXTS: readonly string[] = ["string", "long", "int", "guid", "dynamic"];
/** Numbers and white space make no link and no digest. */
const STRINGS: readonly string[] = ["string", "dynamic"];

/** The types that each column may have, the usual one first. */
const TYPES: Readonly<Record<ListingColumn, readonly string[]>> = {
  JobId: TEXTS,
  WorkItemId: TEXTS,
  WorkItemName: TEXTS,
  FileName: TEXTS,
  Uri: STRINGS,
  ContentMD5: STRINGS,
  Length: ["long", "int"],
};

const COLUMNS: readonly ListingColumn[] = [...LISTING_COLUMNS.required, ...LISTING_COLUMNS.optional];

/** The columns of a listing among those found: every answer has them. */
export function knownColumns(found: readonly KustoColumn[]): readonly ListingColumn[] {
  return COLUMNS.filter((known) => found.some(({ name }) => name === known));
}

/**
 * Looks whether a lookup query gives the columns of a listing, by name and type.
 *
 * @returns the operator that leaves those columns alone, ids and names as texts; empty when they are so already
 * @throws ReuploadError `kusto-invalid` with the columns found
 */
export function checkColumns(found: readonly KustoColumn[]): string {
  const types = new Map(found.map(({ name, type }) => [name, type]));
  const missing = LISTING_COLUMNS.required.filter((name) => !types.has(name));
  const known = COLUMNS.filter((name) => types.has(name));
  const wrong = known.filter((name) => !TYPES[name].includes(types.get(name) ?? ""));
  if (missing.length > 0 || wrong.length > 0) {
    const problems = [
      ...(missing.length === 0 ? [] : [`has no column ${missing.join(", ")}`]),
      ...wrong.map((name) => `returns ${name} as ${types.get(name)} instead of ${TYPES[name][0]}`),
    ];
    const shown = found.map(({ name, type }) => `${name} (${type})`).join(", ");
    throw new ReuploadError(
      "kusto-invalid",
      `The lookup query ${problems.join(" and ")}; its columns are: ${shown}`,
      {
        advice:
          "End the query with a project of JobId, WorkItemId, WorkItemName, Uri, FileName (and Length, ContentMD5 if known) under these names; see docs/kusto.md.",
      },
    );
  }
  const isPlain = known.length === found.length && known.every((name) => types.get(name) === TYPES[name][0]);
  if (isPlain) return "";
  const projected = known.map((name) =>
    name === "Length" || types.get(name) === "string" ? name : `${name}=tostring(${name})`,
  );
  return `| project ${projected.join(", ")}`;
}
