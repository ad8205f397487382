/** The CSV that a run reads, looked at before anything is made and any service is asked. */
import { existsSync, statSync } from "node:fs";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { readWorkItems } from "../input/read-csv.ts";

/**
 * Whether the CSV can be read and has its header.
 *
 * @param given `path` makes a path absolute; `isNeeded` is false when a state holds the rows
 * @returns its path, `-` for stdin; undefined when the run goes on without it
 * @throws ReuploadError `usage`, `csv-unreadable`, `csv-invalid`
 */
export async function checkCsv(
  settings: Pick<RunSettings, "csv">,
  given: {
    readonly path: (path: string) => string;
    readonly isNeeded: boolean;
    readonly signal: AbortSignal;
  },
): Promise<string | undefined> {
  if (settings.csv === undefined) {
    throw new ReuploadError("usage", "No CSV of failed work items is given.", {
      advice: "Give it with --csv FILE (columns JobId,WorkItemId[,WorkItemName]; - reads stdin).",
    });
  }
  if (settings.csv === "-") return given.isNeeded ? "-" : undefined;
  const csv = given.path(settings.csv);
  if (!given.isNeeded && !existsSync(csv)) return undefined;
  // A pipe (`--csv <(grep ...)`) can be read only once.
  if (!isPipe(csv)) await checkHeader(csv, given.signal);
  return csv;
}

async function checkHeader(path: string, signal: AbortSignal): Promise<void> {
  for await (const _rows of readWorkItems({ path }, { signal })) return;
}

function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}
