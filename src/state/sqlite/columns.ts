/**
 * How names and links stand in the state: exactly (a resume compares them), and in few bytes. Links are always
 * without query. The view `files` puts links together by the same rule.
 */

import type { WorkItemStatus } from "../../core/states.ts";

/** The column `work_item.status`; the views in `migrations/` read the same numbers. */
export const STATUS = {
  pending: 0,
  in_progress: 1,
  completed: 2,
  empty: 3,
  failed: 4,
  skipped: 5,
  elsewhere: 6,
  not_mine: 7,
} as const satisfies Record<WorkItemStatus, number>;

const STATUS_NAMES = Object.keys(STATUS) as WorkItemStatus[];

/** The status that the column holds. */
export function fromStatusColumn(status: number): WorkItemStatus {
  return STATUS_NAMES[status] ?? "pending";
}

/** A text column: the text itself, or a BLOB when UTF-8 cannot hold it. */
export type TextColumn = string | Uint8Array;

/** SQLite would replace a lone surrogate, and the name would be another one on resume: such a text is kept as JSON. */
export function toTextColumn(text: string): TextColumn {
  return text.isWellFormed() ? text : Buffer.from(JSON.stringify(text), "utf8");
}

/** The text that the column holds: the inverse of `toTextColumn`. */
export function fromTextColumn(column: TextColumn): string {
  return typeof column === "string" ? column : (JSON.parse(Buffer.from(column).toString("utf8")) as string);
}

const MD5_BYTES = 16;

/** A base64 MD5 in 16 bytes; null for what is none. */
export function toMd5Column(base64: string | undefined): Uint8Array | null {
  if (base64 === undefined) return null;
  const bytes = Buffer.from(base64, "base64");
  return bytes.length === MD5_BYTES ? bytes : null;
}

/** The inverse of `toMd5Column`. */
export function fromMd5Column(column: Uint8Array | null): string | undefined {
  return column === null ? undefined : Buffer.from(column).toString("base64");
}

/**
 * What the links of a work item begin with, guessed from its first file: the link up to the name when it ends with
 * the name, else its folder.
 */
export function cutUriBase(link: string, fileName: string): string {
  const end = link.endsWith(fileName) ? link.length - fileName.length : link.lastIndexOf("/") + 1;
  const base = link.slice(0, end);
  return base.isWellFormed() ? base : "";
}

/** A link as it stands in the column `source`: null for base + name, else `<characters kept of the base>+<rest>`. */
export function toSourceColumn(uriBase: string, fileName: string, link: string): TextColumn | null {
  if (link.length === uriBase.length + fileName.length && link === uriBase + fileName) return null;
  const kept = sharedLength(uriBase, link);
  return toTextColumn(`${kept}+${link.slice(kept)}`);
}

/** The link that `toSourceColumn` was given. */
export function fromSourceColumn(uriBase: string, fileName: string, source: TextColumn | null): string {
  if (source === null) return uriBase + fileName;
  const text = fromTextColumn(source);
  const plus = text.indexOf("+");
  return uriBase.slice(0, Number(text.slice(0, plus))) + text.slice(plus + 1);
}

/** Stops at a surrogate: SQL counts characters and JavaScript UTF-16 units, and before it both are the same. */
function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at) && (a.charCodeAt(at) & 0xf800) !== 0xd800) at++;
  return at;
}
