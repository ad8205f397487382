/** Says how a CSV's work items divide among partitions; needs nothing but the CSV. */
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { choosePartition } from "../core/partition.ts";
import type { WorkItem } from "../core/work-item.ts";
import { countPartitions, type Distribution } from "../input/distribution.ts";
import type { InputSource } from "../input/input.ts";

/** Where a command that reads a CSV is given. */
export interface CsvPlace {
  /** What `-` as a file name means. */
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
  /** Working folder. */
  readonly cwd: string;
}

/** A CSV and the number of partitions. */
interface Division {
  /** As given; `-` for stdin. */
  readonly csv: string;
  readonly total: number;
}

/** Where a command's CSV comes from: a path below the working folder, or stdin. */
export function inputSource(csv: string, place: CsvPlace): InputSource {
  if (csv === "-") return { path: csv, bytes: place.stdin };
  return { path: isAbsolute(csv) ? csv : join(place.cwd, csv) };
}

/**
 * Counts the work items of each partition. Nothing but the end of the process stops it: a read of a pipe cannot be
 * ended otherwise.
 *
 * @param onWorkItems told each batch of distinct work items with their partitions, and awaited
 * @throws ReuploadError `csv-unreadable`, `csv-invalid`
 */
export async function distribute(
  { csv, total }: Division,
  place: CsvPlace,
  onWorkItems?: (items: readonly { workItem: WorkItem; partition: number }[]) => Promise<void>,
): Promise<Distribution> {
  const { signal } = new AbortController();
  return countPartitions(inputSource(csv, place), total, {
    signal,
    ...(onWorkItems === undefined ? {} : { onWorkItems }),
  });
}

/** The partition of a work item id, whether or not the CSV has it. */
export interface SearchedId {
  readonly workItemId: string;
  readonly partition: number;
  readonly inCsv: boolean;
}

/**
 * Looks up work item ids in the CSV.
 *
 * @param ids `-` stands for the lines of stdin
 * @returns one result for each distinct id, in the order of the ids; and what is doubtful about the CSV
 * @throws ReuploadError `csv-unreadable`, `csv-invalid`
 */
export async function searchIds(
  division: Division,
  ids: readonly string[],
  place: CsvPlace,
): Promise<{ readonly results: readonly SearchedId[]; readonly warnings: readonly string[] }> {
  const wanted = new Map<string, boolean>();
  for (const id of ids) {
    if (id !== "-") wanted.set(id, false);
    else
      for await (const line of createInterface({ input: place.stdin }))
        if (line.trim() !== "") wanted.set(line.trim(), false);
  }
  const { warnings } = await distribute(division, place, async (items) => {
    for (const { workItem } of items)
      if (wanted.has(workItem.workItemId)) wanted.set(workItem.workItemId, true);
  });
  const results = [...wanted].map(([workItemId, inCsv]) => ({
    workItemId,
    partition: choosePartition(workItemId, division.total),
    inCsv,
  }));
  return { results, warnings };
}
