/** Work items and their files for a run on the simulator, whose containers `src-BYTES` hold every blob asked for. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";

export const CSV = "failed_workitems.csv";
export const LISTING = "files.csv";

export interface RunInput {
  /** How many files each work item has. */
  readonly filesOf: readonly number[];
  /** Where the files lie: a container of the simulator, such as `http://127.0.0.1:10000/account/src-16384`. */
  readonly source: string;
}

/** Writes `failed_workitems.csv` and `files.csv` into the folder. */
export async function writeRunInput(folder: string, { filesOf, source }: RunInput): Promise<void> {
  const csv = createWriteStream(join(folder, CSV));
  const listing = createWriteStream(join(folder, LISTING));
  csv.write("JobId,WorkItemId,WorkItemName\n");
  listing.write("JobId,WorkItemId,WorkItemName,Uri,FileName\n");
  for (const [item, files] of filesOf.entries()) {
    const id = `job,${item},perf.partition${item}.work`;
    csv.write(`${id}\n`);
    let rows = "";
    for (let file = 0; file < files; file++) {
      rows += `${id},${source}/${item}/${file}/perf-lab-report.json?sv=2024-11-04&sig=x,${file}-perf-lab-report.json\n`;
    }
    if (!listing.write(rows)) await once(listing, "drain");
  }
  csv.end();
  listing.end();
  await Promise.all([finished(csv), finished(listing)]);
}

/** So many files in work items of `each`. */
export function evenly(files: number, each: number): number[] {
  const full = Array.from({ length: Math.floor(files / each) }, () => each);
  return files % each === 0 ? full : [...full, files % each];
}
