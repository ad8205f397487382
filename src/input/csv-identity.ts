import { CsvDigest } from "../core/csv-digest.ts";
import type { InputSource } from "./input.ts";
import { readWorkItems } from "./read-csv.ts";

/**
 * The digest of a CSV, as a run of it computes it from the rows.
 *
 * @returns `CsvDigest`
 * @throws as `ReadWorkItems`; the signal's reason
 */
export async function csvIdentity(source: InputSource, signal: AbortSignal): Promise<string> {
  const digest = new CsvDigest();
  for await (const batch of readWorkItems(source, { signal })) {
    for (const row of batch) if (row.kind === "row") digest.add(row.workItem);
  }
  return digest.toString();
}
