/**
 * Judges a run by what anybody can see: its CSV and listing, the target and the queue. It knows no state, no log and no
 * checkpoint, and shares no code with the product.
 */
import { readFile } from "node:fs/promises";
import type { Reader } from "./reader.ts";

export interface CheckedRun {
  /** Plain CSV files as the tests write them: no quotes. */
  readonly csv: string;
  /** With the column `ContentMD5`. */
  readonly listing: string;
  readonly container: string;
  readonly queue: string;
}

export interface RunCheck {
  readonly files: number;
  /** Files of the CSV's work items that are not in the target. */
  readonly lost: readonly string[];
  /** Files in the target of which the queue was never told. */
  readonly silent: readonly string[];
  /** Files in the target with other bytes. */
  readonly wrong: readonly string[];
  /** Blobs and announcements that belong to no file. */
  readonly strange: readonly string[];
  readonly announcements: number;
  /** Announcements beyond the first of a file. */
  readonly repeats: number;
}

/** Downloads and hashes all of the target, and takes all messages of the queue. */
export async function checkRun(reader: Reader, run: CheckedRun): Promise<RunCheck> {
  const wanted = await readWanted(run);
  const blobs = await reader.hashAll(run.container);
  const told = new Map<string, number>();
  let announcements = 0;
  for (const { container_name, blob_name } of await reader.takeAnnouncements(run.queue)) {
    const name = container_name === run.container ? blob_name : `${container_name}/${blob_name}`;
    told.set(name, (told.get(name) ?? 0) + 1);
    announcements++;
  }
  const names = [...wanted.keys()];
  return {
    files: names.length,
    lost: names.filter((name) => !blobs.has(name)),
    silent: names.filter((name) => blobs.has(name) && !told.has(name)),
    wrong: names.filter((name) => blobs.has(name) && blobs.get(name)?.md5 !== wanted.get(name)),
    strange: [...blobs.keys(), ...told.keys()].filter((name) => !wanted.has(name)),
    announcements,
    repeats: announcements - told.size,
  };
}

/** By blob name, the MD5 of the file, base64. The default name template is applied anew here. */
async function readWanted({ csv, listing }: CheckedRun): Promise<Map<string, string>> {
  const ids = new Set((await rowsOf(csv)).map(({ JobId, WorkItemId }) => `${JobId}/${WorkItemId}`));
  const rows = (await rowsOf(listing)).filter(({ JobId, WorkItemId }) => ids.has(`${JobId}/${WorkItemId}`));
  return new Map(
    rows.map(({ WorkItemName, FileName, ContentMD5 }) => [`${WorkItemName}-${FileName}`, ContentMD5 ?? ""]),
  );
}

async function rowsOf(path: string): Promise<Record<string, string>[]> {
  const [header = "", ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
  const columns = header.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(columns.map((column, at) => [column, values[at] ?? ""]));
  });
}
