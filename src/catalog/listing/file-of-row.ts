import type { CatalogFile } from "../../core/file.ts";
import type { ListingRow } from "./listing-row.ts";

/** What a row says of its file. */
export interface RowContent {
  /** undefined when the row cannot be used. */
  readonly file: CatalogFile | undefined;
  /** What cannot be used, in words, without any link. */
  readonly problems: readonly string[];
}

/** The file of a row. A length or MD5 that is not one is left out and told; without name or link there is no file. */
export function fileOfRow(row: Pick<ListingRow, "problem" | "field">): RowContent {
  if (row.problem !== undefined) return { file: undefined, problems: [row.problem] };
  const fileName = row.field("FileName");
  const uri = row.field("Uri").trim();
  const unusable = [...nameProblems(fileName), ...linkProblems(uri)];
  if (unusable.length > 0) return { file: undefined, problems: unusable };

  const problems: string[] = [];
  const lengthText = row.field("Length").trim();
  const length = parseLength(lengthText);
  if (length === undefined && lengthText !== "") {
    problems.push("Length is not a number of bytes; the file is copied without it");
  }
  const md5Text = row.field("ContentMD5").trim();
  const contentMd5 = isMd5(md5Text) ? md5Text : undefined;
  if (contentMd5 === undefined && md5Text !== "") {
    problems.push("ContentMD5 is not a base64 MD5; the file is copied without it");
  }
  const file = {
    fileName,
    uri,
    ...(length === undefined ? {} : { length }),
    ...(contentMd5 === undefined ? {} : { contentMd5 }),
  };
  return { file, problems };
}

function nameProblems(fileName: string): string[] {
  return fileName.trim() === "" ? ["FileName is empty"] : [];
}

function linkProblems(uri: string): string[] {
  if (uri === "") return ["Uri is empty"];
  // A URL parser passes over line breaks and tabs within a link; what is sent to a service must not have any.
  const isLink = /^https?:\/\/[^\p{Cc}]+$/iu.test(uri) && URL.canParse(uri);
  if (!isLink) return ["Uri is not an absolute http or https URL"];
  const url = uri.includes("@") ? URL.parse(uri) : null;
  const hasUser = url !== null && (url.username !== "" || url.password !== "");
  return hasUser ? ["Uri contains a user name or a password, which no storage service accepts"] : [];
}

function parseLength(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** 16 bytes in base64: 22 digits, the last of which has only two bits, and the padding. */
function isMd5(text: string): boolean {
  return /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(text);
}
