/** The files that a run reads, looked at before anything is made and any service is asked. */
import { existsSync, statSync } from "node:fs";
import { openListingFile } from "../catalog/listing/open-listing-file.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { readWorkItems } from "../input/read-csv.ts";

export interface RunInputs {
  /** Path, `-` for stdin; undefined when the run goes on without its CSV. */
  readonly csv: string | undefined;
  readonly files: string;
}

/**
 * Whether the CSV and the listing can be read and have their headers.
 *
 * @param given `path` makes a path absolute; `isCsvNeeded` is false when a state holds the rows
 * @throws ReuploadError `usage`, `csv-unreadable`, `csv-invalid`, `listing-unreadable`, `listing-invalid`
 */
export async function checkInputs(
  settings: RunSettings,
  given: {
    readonly path: (path: string) => string;
    readonly isCsvNeeded: boolean;
    readonly signal: AbortSignal;
  },
): Promise<RunInputs> {
  if (settings.csv === undefined) {
    throw new ReuploadError("usage", "No CSV of failed work items is given.", {
      advice: "Give it with --csv FILE (columns JobId,WorkItemId[,WorkItemName]; - reads stdin).",
    });
  }
  if (settings.files === undefined) {
    throw new ReuploadError("usage", "Nothing says which files the work items have.", {
      advice:
        "Give a listing with --files FILE (columns JobId,WorkItemId,WorkItemName,Uri,FileName[,Length,ContentMD5]).",
    });
  }
  const csv = settings.csv === "-" ? settings.csv : given.path(settings.csv);
  const files = given.path(settings.files);
  const isThere = csv !== "-" && existsSync(csv);
  if (!given.isCsvNeeded && !isThere) {
    await checkListing(files);
    return { csv: undefined, files };
  }
  // A pipe (`--csv <(grep ...)`) can be read only once.
  if (csv !== "-" && !isPipe(csv)) await checkHeader(csv, given.signal);
  await checkListing(files);
  return { csv, files };
}

async function checkHeader(path: string, signal: AbortSignal): Promise<void> {
  for await (const _rows of readWorkItems({ path }, { signal })) return;
}

async function checkListing(path: string): Promise<void> {
  const { handle } = await openListingFile(path);
  await handle.close();
}

function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}
