import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitmapWith } from "../../src/core/bitmap.ts";
import { type Checkpoint, checkpointCounts } from "../../src/core/checkpoint.ts";
import {
  CHECKPOINT_STATES,
  type CheckpointState,
  newCheckpointStates,
  readCheckpointState,
  writeCheckpointState,
} from "../../src/core/checkpoint-states.ts";
import { choosePartition } from "../../src/core/partition.ts";
import { SortedRows, Spread } from "../../src/core/spread-checkpoints.ts";
import type { WorkItem } from "../../src/core/work-item.ts";

const id = fc.string({ unit: "binary", minLength: 1, maxLength: 4 }).filter((text) => text.isWellFormed());
const rows: fc.Arbitrary<WorkItem[]> = fc.uniqueArray(
  fc.record({ jobId: id, workItemId: id, workItemName: id }),
  { selector: ({ jobId, workItemId }) => JSON.stringify([jobId, workItemId]), maxLength: 40 },
);

/** As a state would make it, from what is said of each row. */
function checkpointOf(
  all: readonly WorkItem[],
  partition: number,
  total: number,
  said: (row: WorkItem) => CheckpointState,
): Checkpoint {
  const bytes = ({ jobId, workItemId }: WorkItem) => [Buffer.from(jobId), Buffer.from(workItemId)] as const;
  const mine = all
    .filter(({ workItemId }) => choosePartition(workItemId, total) === partition)
    .toSorted((a, b) => Buffer.compare(bytes(a)[0], bytes(b)[0]) || Buffer.compare(bytes(a)[1], bytes(b)[1]));
  const share = new SortedRows(all).divide(total)[partition];
  const states = newCheckpointStates(mine.length);
  for (const [place, row] of mine.entries()) writeCheckpointState(states, place, said(row));
  const done = mine.filter((row) => said(row) === "done").length;
  const open = mine.flatMap((row, place) =>
    said(row) === "pending" && place % 2 === 0
      ? [{ place, receipt: { count: 3, digest: row.workItemId }, completed: bitmapWith([0, 2]) }]
      : [],
  );
  return {
    partition,
    epoch: partition + 1,
    rows: share?.rows ?? { count: 0, digest: "" },
    states,
    empty: Math.floor(done / 3),
    open,
    failures: [],
    files: { total: 0, done: done * 7 + open.length * 2, failed: 0, skipped: 0, bytes: done * 1_000 },
  };
}

const total = fc.integer({ min: 1, max: 5 });

describe("a run that is divided anew", () => {
  it("keeps what is done, skipped and open, and the sums of all counts", () => {
    fc.assert(
      fc.property(
        rows,
        total,
        total,
        fc.infiniteStream(fc.constantFrom(...CHECKPOINT_STATES)),
        (all, from, to, stream) => {
          const said = new Map(all.map((row) => [row, stream.next().value as CheckpointState]));
          const state = (row: WorkItem): CheckpointState => said.get(row) ?? "pending";
          const old = Array.from({ length: from }, (_, partition) =>
            checkpointOf(all, partition, from, state),
          );
          const spread = new Spread(new SortedRows(all), from);
          for (const checkpoint of old) spread.add(checkpoint);
          const made = spread.checkpoints(to);
          const failedIsPending = (row: WorkItem) => (state(row) === "failed" ? "pending" : state(row));
          for (const [partition, { rows: over, states, files, empty }] of made.entries()) {
            const wanted = checkpointOf(all, partition, to, failedIsPending);
            expect(over).toEqual(wanted.rows);
            const places = Array.from({ length: over.count }, (_, place) => place);
            expect(places.map((place) => readCheckpointState(states, place))).toEqual(
              places.map((place) => readCheckpointState(wanted.states, place)),
            );
            const { workItems } = checkpointCounts(made[partition] as Checkpoint);
            expect(empty).toBeLessThanOrEqual(workItems.done);
            expect(files.total).toBeGreaterThanOrEqual(files.done + files.skipped);
          }
          const sum = (checkpoints: readonly Checkpoint[], of: (one: Checkpoint) => number) =>
            checkpoints.reduce((result, one) => result + of(one), 0);
          for (const of of [
            (one: Checkpoint) => one.files.done,
            (one: Checkpoint) => one.files.bytes,
            (one: Checkpoint) => one.empty,
            (one: Checkpoint) => one.open.length,
          ])
            expect(sum(made, of)).toBe(sum(old, of));
        },
      ),
    );
  });

  it("takes nothing from a checkpoint of other rows", () => {
    const all = ["1", "2", "3"].map((workItemId) => ({ jobId: "j", workItemId, workItemName: "" }));
    const spread = new Spread(new SortedRows(all), 1);
    const other = checkpointOf(all.slice(1), 0, 1, () => "done");
    expect(() => spread.add(other)).toThrow("of other rows");
    expect(checkpointCounts(spread.checkpoints(1)[0] as Checkpoint).workItems.done).toBe(0);
  });
});
