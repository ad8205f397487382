/** `--repartition`: what the old partitions have done, as the new ones need it. Reads the CSV once more. */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../core/checkpoint.ts";
import { CsvDigest } from "../core/csv-digest.ts";
import { ReuploadError } from "../core/errors.ts";
import { SortedRows, Spread } from "../core/spread-checkpoints.ts";
import { giftNumber, joinFamily, parentPartition, partitionName } from "../core/sub-partition.ts";
import type { WorkItem } from "../core/work-item.ts";
import { readWorkItems } from "../input/read-csv.ts";
import type { Holder } from "../machines/claim.ts";
import { type NewRecord, type OldRecord } from "../machines/machines.ts";
import { encodeSummary } from "../machines/record.ts";
import type { JobContext } from "./context.ts";
import { checkpointSummary, isCheckpointDone } from "./checkpoint-summary.ts";

interface Respreading {
  /** Path of the CSV: a file, which can be read again. */
  readonly csv: string;
  /** `CsvDigest` of the CSV that the state was made from. */
  readonly csvDigest: string;
  /** The new number. */
  readonly totalPartitions: number;
  readonly holder: Holder;
}

/**
 * Makes the records of the new partitions. A checkpoint that cannot be read is left out, which is told: what it knew is
 * done again.
 *
 * @param from number of the old partitions
 * @throws ReuploadError `csv-unreadable`, `csv-invalid`, and `usage` when the CSV is not what it was; the signal's reason
 */
export async function spreadRecords(
  { notice, signal, surroundings }: JobContext,
  { csv, csvDigest, totalPartitions, holder }: Respreading,
  old: readonly OldRecord[],
  from: number,
): Promise<ReadonlyMap<number, NewRecord>> {
  const spread = new Spread(await readRows(csv, csvDigest, signal), from);
  const readable: Checkpoint[] = [];
  const use = (partition: number, take: () => void): void => {
    try {
      take();
    } catch (thrown) {
      if (!(thrown instanceof ReuploadError)) throw thrown;
      const family = old.filter(
        (one) => parentPartition(one.partition) === partition || one.partition === partition,
      );
      const files = family.reduce((sum, { summary }) => sum + summary.counts.filesCompleted, 0);
      const what = `its ${files} completed files are compared again, and ${files} announcements are repeated`;
      notice(
        "warning",
        `the checkpoint of partition ${partitionName(partition)} is not used: ${thrown.message}; ${what}`,
      );
    }
  };
  for (const { partition, body } of old) {
    if (body.length > 0) use(partition, () => readable.push(decodeCheckpoint(body)));
  }
  for (const checkpoint of readable.filter(({ partition }) => giftNumber(partition) === 0)) {
    use(checkpoint.partition, () => spread.add(joinFamily(checkpoint, readable)));
  }
  const who = { ...holder, since: surroundings.wall(), filesPerSecond: 0, workItemsPerMinute: 0 };
  const records = spread.checkpoints(totalPartitions).map((checkpoint, partition) => {
    const metadata = encodeSummary({
      ...who,
      ...checkpointSummary(checkpoint),
      state: isCheckpointDone(checkpoint) ? "done" : "left",
      writerId: surroundings.uuid(),
      // Nobody has claimed it in this generation.
      epoch: 0,
      etaMs: undefined,
    });
    return [partition, { body: encodeCheckpoint(checkpoint), metadata }] as const;
  });
  return new Map(records);
}

async function readRows(path: string, csvDigest: string, signal: AbortSignal): Promise<SortedRows> {
  const digest = new CsvDigest();
  const rows: WorkItem[] = [];
  for await (const batch of readWorkItems({ path }, { signal })) {
    for (const row of batch) {
      if (row.kind === "rejected") continue;
      digest.add(row.workItem);
      rows.push(row.workItem);
    }
  }
  if (digest.toString() === csvDigest) return new SortedRows(rows);
  throw new ReuploadError("usage", `--repartition reads the CSV twice, and ${path} changed meanwhile.`, {
    advice: "Give --csv a file (not a pipe) that stays as it is, and run the command again.",
  });
}
