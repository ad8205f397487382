/**
 * The checkpoints of a run that is divided anew: which work items are done is known, whichever partition they fall into.
 * A checkpoint speaks of work items by their place in key order, so that all rows of the CSV are needed, in memory.
 */
import { countBits } from "./bitmap.ts";
import {
  type Checkpoint,
  type CheckpointFiles,
  isOverRows,
  type OpenInCheckpoint,
  withLeftOut,
} from "./checkpoint.ts";
import { newCheckpointStates, readCheckpointState, writeCheckpointState } from "./checkpoint-states.ts";
import { CsvDigest } from "./csv-digest.ts";
import { ReuploadError } from "./errors.ts";
import { choosePartition } from "./partition.ts";
import type { WorkItem } from "./work-item.ts";

/** The distinct work items of a CSV in key order; of rows with one key the first counts. */
export class SortedRows {
  readonly #rows: readonly WorkItem[];

  constructor(workItems: readonly WorkItem[]) {
    this.#rows = workItems
      .toSorted(compareKeys)
      .filter((row, at, all) => at === 0 || compareKeys(row, all[at - 1] as WorkItem) !== 0);
  }

  /**
   * The rows of each partition. @returns by partition: places among all rows, in key order, and what a checkpoint is over
   */
  divide(total: number): readonly Share[] {
    const shares = Array.from({ length: total }, (): number[] => []);
    for (const [place, { workItemId }] of this.#rows.entries()) {
      shares[choosePartition(workItemId, total)]?.push(place);
    }
    return shares.map((places) => ({
      places,
      rows: { count: places.length, digest: this.#digest(places) },
    }));
  }

  /** One after the other: a digest that is being made takes much room. */
  #digest(places: readonly number[]): string {
    const digest = new CsvDigest();
    for (const place of places) digest.add(this.#rows[place] as WorkItem);
    return digest.toString();
  }
}

interface Share {
  readonly places: readonly number[];
  readonly rows: Checkpoint["rows"];
}

/** Bytes of the keys in UTF-8, as the state sorts them. */
function compareKeys(a: WorkItem, b: WorkItem): number {
  return compareUtf8(a.jobId, b.jobId) || compareUtf8(a.workItemId, b.workItemId);
}

/** The order of UTF-16 differs from that of UTF-8 in surrogates alone. */
function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  if (!/[\ud800-\uffff]/.test(a) || !/[\ud800-\uffff]/.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What is known of one row. */
interface Known {
  readonly state: "done" | "skipped" | undefined;
  readonly open: Omit<OpenInCheckpoint, "place"> | undefined;
  readonly files: Partial<Record<Shared, number>>;
}

/** What a checkpoint tells of all its done work items together: each gets its part. */
const SHARED = ["empty", "done", "skipped", "bytes", "leftOut"] as const;
type Shared = (typeof SHARED)[number];

/** Old checkpoints, taken in one by one, and the new ones that they make. */
export class Spread {
  readonly #rows: SortedRows;
  readonly #from: readonly Share[];
  readonly #known = new Map<number, Known>();
  #epoch = 0;

  /** @param from number of partitions of the old checkpoints */
  constructor(rows: SortedRows, from: number) {
    this.#rows = rows;
    this.#from = rows.divide(from);
  }

  /** @throws ReuploadError `checkpoint-unusable` when it is of other rows than the CSV has; nothing of it is taken then */
  add(checkpoint: Checkpoint): void {
    const share = this.#from[checkpoint.partition];
    if (share === undefined || !isOverRows(checkpoint, share.rows)) {
      throw new ReuploadError(
        "checkpoint-unusable",
        `the checkpoint of partition ${checkpoint.partition} is of other rows than this CSV`,
      );
    }
    this.#epoch = Math.max(this.#epoch, checkpoint.epoch);
    const open = new Map(checkpoint.open.map((one) => [one.place, one]));
    const parts = new Parts(checkpoint, share.places.length);
    for (const [at, place] of share.places.entries()) {
      const said = readCheckpointState(checkpoint.states, at);
      // What has failed is tried again: whose failure it was cannot be told from numbers by code.
      const state = said === "done" || said === "skipped" ? said : undefined;
      const files = parts.next(state);
      this.#known.set(place, { state, open: open.get(at), files });
    }
  }

  /** @param to number of partitions @returns by partition */
  checkpoints(to: number): readonly Checkpoint[] {
    return this.#rows.divide(to).map((share, partition) => this.#checkpoint(partition, share));
  }

  #checkpoint(partition: number, { places, rows }: Share): Checkpoint {
    const states = newCheckpointStates(rows.count);
    const open: OpenInCheckpoint[] = [];
    const sums = { empty: 0, done: 0, skipped: 0, bytes: 0, leftOut: 0 };
    let inOpen = 0;
    let ofOpen = 0;
    for (const [at, place] of places.entries()) {
      const known = this.#known.get(place);
      if (known === undefined) continue;
      if (known.state !== undefined) writeCheckpointState(states, at, known.state);
      for (const name of SHARED) sums[name] += known.files[name] ?? 0;
      if (known.open === undefined || known.state !== undefined) continue;
      open.push({ ...known.open, place: at });
      inOpen += countBits(known.open.completed);
      ofOpen += known.open.receipt.count;
    }
    const { empty, done, skipped, bytes, leftOut } = sums;
    const files: CheckpointFiles = {
      total: done + skipped + ofOpen,
      done: done + inOpen,
      failed: 0,
      skipped,
      bytes,
      ...withLeftOut(leftOut),
    };
    return { partition, epoch: this.#epoch, rows, states, empty, open, failures: [], files };
  }
}

/** Divides the numbers of one checkpoint among its work items, so that the sums stay. */
class Parts {
  readonly #whole: Readonly<Record<Shared, number>>;
  readonly #among: number;
  readonly #ofAll: boolean;
  #next = 0;

  constructor(checkpoint: Checkpoint, rows: number) {
    const { empty, files, open } = checkpoint;
    const inOpen = open.reduce((sum, { completed }) => sum + countBits(completed), 0);
    const done = Math.max(0, files.done - inOpen);
    const { skipped, bytes, leftOut = 0 } = files;
    this.#whole = { empty, done, skipped, bytes, leftOut };
    let count = 0;
    for (let at = 0; at < rows; at++) if (readCheckpointState(checkpoint.states, at) === "done") count++;
    this.#ofAll = count === 0;
    this.#among = this.#ofAll ? rows : count;
  }

  next(state: "done" | "skipped" | undefined): Partial<Record<Shared, number>> {
    if (!this.#ofAll && state !== "done") return {};
    const at = this.#next++;
    const upTo = (whole: number, count: number): number => {
      const product = whole * count;
      const isExact = product <= Number.MAX_SAFE_INTEGER;
      return Math.floor(isExact ? product / this.#among : whole * (count / this.#among));
    };
    const part = (whole: number) => upTo(whole, at + 1) - upTo(whole, at);
    const { empty, done, skipped, bytes, leftOut } = this.#whole;
    return {
      empty: part(empty),
      done: part(done),
      skipped: part(skipped),
      bytes: part(bytes),
      leftOut: part(leftOut),
    };
  }
}
