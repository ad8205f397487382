/** Takes over into the state what other machines have done, so that each machine's state tells the whole run at the end. */
import { type Checkpoint, decodeCheckpoint } from "../core/checkpoint.ts";
import type { AutoMachine } from "../machines/auto-machine.ts";
import type { RunView } from "../machines/machines.ts";
import type { OpenState } from "../state/state-kind.ts";
import { repartitioned } from "./partition-loss.ts";

/** How many partitions that others have done are taken over between two looks at the own ones. */
const ADOPTED_AT_ONCE = 32;

export interface AdoptingOptions {
  readonly machine: Pick<AutoMachine, "held" | "readFacts">;
  readonly state: OpenState;
  /** Partitions that are done and have something to be tried again here: added to. */
  readonly retries: Set<number>;
  /** A record's checkpoint as this start takes it: with codes to be tried again, less of it stands. */
  readonly chosen: (told: Checkpoint) => Checkpoint;
  /** As it was seen last. */
  readonly run: RunView | undefined;
  /** What is done, here or by the word of its record: added to. */
  readonly known: Set<number>;
}

/** Takes over some of what others have done. @throws ReuploadError `partition-lost`; what state and account throw */
export async function adoptDone(
  { machine, state, retries, chosen, run, known }: AdoptingOptions,
  signal: AbortSignal,
): Promise<void> {
  const { held } = machine;
  const done = (run?.partitions ?? []).filter(
    ({ partition, record, lease }) =>
      record?.state === "done" && lease !== "leased" && !known.has(partition) && !held.has(partition),
  );
  // Of one that was lost, what is in flight comes to its end first: else it would be left, and tried again.
  const quiet = done.filter(({ partition }) => state.queue.left(partition).inProgress === 0);
  const bodies = await Promise.all(
    quiet.slice(0, ADOPTED_AT_ONCE).map(async ({ partition }) => ({
      partition,
      body: await machine.readFacts(partition, signal),
    })),
  );
  for (const { partition, body } of bodies) {
    if (body === undefined) throw repartitioned();
    // In one go: nobody may claim of it what is to be tried again.
    await Promise.all([
      state.queue.admit(partition, chosen(decodeCheckpoint(body))),
      state.queue.withdraw(partition, new Error("the partition is done")),
    ]);
    known.add(partition);
    if (state.queue.left(partition).all > 0) retries.add(partition);
  }
}
