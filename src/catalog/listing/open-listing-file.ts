import { hash } from "node:crypto";
import { fstatSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { findHeader, MAX_HEADER_BYTES } from "../../core/csv-header.ts";
import { errorMessageText, ReuploadError, systemErrorCode } from "../../core/errors.ts";
import { csvFormat } from "./csv-rows.ts";
import { LISTING_COLUMNS, type ListingFormat } from "./listing-row.ts";
import { ndjsonFormat } from "./ndjson-rows.ts";

/** What tells one version of a listing from another without reading all of it. */
export interface Fingerprint {
  readonly size: number;
  /** When it was last written, in ns since the epoch; text, because it is beyond the exact numbers. */
  readonly mtimeNs: string;
  /** SHA-256 of its first and last 64 KiB. */
  readonly sample: string;
}

/** A listing that is open: a file that is renamed over it later does not change what is read here. */
export interface ListingFile {
  readonly handle: FileHandle;
  readonly fingerprint: Fingerprint;
  readonly format: ListingFormat;
}

const SAMPLE_BYTES = 64 * 1024;

/**
 * Opens a listing and finds out its format: NDJSON when its first character that is not blank is `{`, else CSV.
 *
 * @throws ReuploadError `listing-unreadable` (no such file, no file, no permission) and `listing-invalid`
 */
export async function openListingFile(path: string): Promise<ListingFile> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw unreadable(path, describeReason(cause), cause);
  });
  try {
    if (!(await handle.stat()).isFile()) throw unreadable(path, "it is not a regular file");
    return { handle, fingerprint: await readFingerprint(handle), format: await detectFormat(path, handle) };
  } catch (error) {
    await handle.close();
    throw error instanceof ReuploadError ? error : unreadable(path, describeReason(error), error);
  }
}

/**
 * Whether the open file is still as its fingerprint says: it was not written in place. Asked at once, because it is
 * asked after every lookup: through the thread pool it costs ten times as much.
 */
export function isUnchanged({ handle, fingerprint }: ListingFile): boolean {
  return isVersion(fingerprint, fstatSync(handle.fd, { bigint: true }));
}

/**
 * Whether what stands at the path now is another version, or another file: a new listing may have the old one's length
 * and time.
 *
 * @throws ReuploadError `listing-unreadable` when nothing stands there any more
 */
export async function isReplaced(path: string, { handle, fingerprint }: ListingFile): Promise<boolean> {
  const now = await stat(path, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(path, describeReason(cause), cause);
  });
  const ours = fstatSync(handle.fd, { bigint: true });
  return now.ino !== ours.ino || now.dev !== ours.dev || !isVersion(fingerprint, now);
}

function isVersion(fingerprint: Fingerprint, now: { size: bigint; mtimeNs: bigint }): boolean {
  return BigInt(fingerprint.size) === now.size && fingerprint.mtimeNs === String(now.mtimeNs);
}

async function readFingerprint(handle: FileHandle): Promise<Fingerprint> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  const head = await readUpTo(handle, 0, SAMPLE_BYTES);
  const tail = await readUpTo(handle, Math.max(0, Number(size) - SAMPLE_BYTES), SAMPLE_BYTES);
  const sample = hash("sha256", Buffer.concat([head, tail]), "hex");
  return { size: Number(size), mtimeNs: String(mtimeNs), sample };
}

/** Bytes from `offset` on, fewer than `length` only where the file ends. */
export async function readUpTo(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function detectFormat(path: string, handle: FileHandle): Promise<ListingFormat> {
  const head = await readUpTo(handle, 0, MAX_HEADER_BYTES + 4);
  const mark = head.toString("latin1", 0, 3);
  if (mark.startsWith("\xff\xfe") || mark.startsWith("\xfe\xff")) {
    throw invalid(path, "is UTF-16; convert it to UTF-8");
  }
  const start = { offset: mark === "\xef\xbb\xbf" ? 3 : 0, line: 1 };
  const text = head.subarray(start.offset);
  if (/^\s*\{/.test(text.toString("latin1"))) return ndjsonFormat(start);
  const atEnd = head.length < MAX_HEADER_BYTES + 4;
  const found = findHeader(text, atEnd, LISTING_COLUMNS);
  switch (found.kind) {
    case "header":
      return csvFormat(found.header, { offset: start.offset + found.start.offset, line: found.start.line });
    case "need-more":
      throw invalid(path, "has no header in its first 64 KiB");
    case "problem":
      throw invalid(path, found.message);
  }
}

/** A listing whose content is no listing; `problem` follows its name: `is empty`. */
export function invalid(path: string, problem: string): ReuploadError {
  return new ReuploadError("listing-invalid", `The listing ${path} ${problem}.`);
}

/** A listing that cannot be read at all. */
export function unreadable(path: string, reason: string, cause?: unknown): ReuploadError {
  return new ReuploadError("listing-unreadable", `The listing ${path} cannot be read: ${reason}.`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

function describeReason(error: unknown): string {
  return REASONS[systemErrorCode(error) ?? ""] ?? errorMessageText(error);
}
