import { hash } from "node:crypto";
import { type CatalogFile, fileKey } from "./file.ts";

/** What a lookup gave, small enough to keep for every work item: a later lookup that differs has drifted. */
export interface Receipt {
  readonly count: number;
  /** First 16 hex digits of the SHA-256 over the sorted names and links without query. */
  readonly digest: string;
}

/**
 * The receipt of what a lookup gave: count, and a digest of names and links (without their query) in which the order
 * does not matter.
 */
export function makeReceipt(files: readonly CatalogFile[]): Receipt {
  const keys = files.map((file) => fileKey(file)).sort();
  return { count: files.length, digest: hash("sha256", keys.join("\n"), "hex").slice(0, 16) };
}
