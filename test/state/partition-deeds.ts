/** What the suites of partitions and of checkpoints do with states of several partitions. */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/core/checkpoint.ts";
import { isBitSet } from "../../src/core/bitmap.ts";
import { choosePartition } from "../../src/core/partition.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import { claimOne, claimSome, eventsOf, failure, file, noSignal, recordAll, workItems } from "./samples.ts";

export const PARTITIONS = 3;
export const AUTO = { partition: "auto", totalPartitions: PARTITIONS } as const;

export const inPartition = (count: number, partition: number) =>
  workItems(count).filter(({ workItemId }) => choosePartition(workItemId, PARTITIONS) === partition);

export const checkpointOf = async (state: OpenState, partition = 0): Promise<Checkpoint> => {
  await state.ledger.committed();
  return decodeCheckpoint(encodeCheckpoint(await state.ledger.checkpoint(partition, noSignal)));
};

export const sumOfWorkItems = (state: OpenState): number =>
  Object.values(state.ledger.tally().workItems).reduce((sum, count) => sum + count, 0);

/** Files of each work item in what follows. */
export const FILES = 3;

/** What one machine did with a work item before another goes on. */
export const DEEDS = [
  "nothing",
  "completed",
  "empty",
  "part",
  "part released",
  "file failed",
  "failed",
] as const;
export type Deed = (typeof DEEDS)[number];

export async function perform(state: OpenState, deeds: readonly Deed[]): Promise<void> {
  for (const deed of deeds) {
    const { id } = await claimOne(state);
    const events = eventsOf(id);
    const complete = (...places: number[]) =>
      places.flatMap((place) => [events.uploaded(file(place)), events.completed(file(place))]);
    if (deed === "nothing") state.queue.release([id]);
    if (deed === "empty") recordAll(state, events.finished("empty"));
    if (deed === "failed") recordAll(state, events.finished("failed", failure("catalog-error")));
    if (deed === "completed")
      recordAll(state, events.opened(FILES), ...complete(0, 1, 2), events.finished("completed"));
    if (deed === "part") recordAll(state, events.opened(FILES), ...complete(0, 2));
    if (deed === "part released")
      recordAll(state, events.opened(FILES), ...complete(1), events.uploaded(file(0)), events.released());
    if (deed === "file failed") {
      recordAll(
        state,
        events.opened(FILES),
        ...complete(0, 1),
        events.failed(file(2)),
        events.finished("failed"),
      );
    }
  }
}

/** Does all that is left, as the pipeline does. */
export async function finishAll(state: OpenState): Promise<void> {
  for (const claim of await claimSome(state, 100)) {
    const events = eventsOf(claim.id);
    const opened = events.opened(FILES);
    recordAll(state, opened);
    for (let place = 0; place < FILES; place++) {
      if (claim.elsewhere !== undefined && isBitSet(claim.elsewhere.completed, place)) {
        const at = { workItem: claim.id, file: file(place), place };
        recordAll(state, { kind: "file-done-elsewhere", ...at });
      } else recordAll(state, events.uploaded(file(place)), events.completed(file(place)));
    }
    recordAll(state, events.finished("completed"));
  }
}
