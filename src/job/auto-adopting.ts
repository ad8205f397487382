/** Takes over into the state what other machines have done, so that each machine's state tells the whole run at the end. */
import { decodeCheckpoint } from "../core/checkpoint.ts";
import { ReuploadError } from "../core/errors.ts";
import type { AutoMachine } from "../machines/auto-machine.ts";
import type { RunView } from "../machines/machines.ts";
import type { OpenState } from "../state/state-kind.ts";

/** How many partitions that others have done are taken over between two looks at the own ones. */
const ADOPTED_AT_ONCE = 8;

export interface AdoptingOptions {
  readonly machine: Pick<AutoMachine, "held" | "readFacts">;
  readonly state: OpenState;
  /** Partitions that are done and have something to be tried again here: added to. */
  readonly retries: Set<number>;
  /** As it was seen last. */
  readonly run: RunView | undefined;
  /** What is done, here or by the word of its record: added to. */
  readonly known: Set<number>;
}

/** Takes over some of what others have done. @throws ReuploadError `partition-lost`; what state and account throw */
export async function adoptDone(
  { machine, state, retries, run, known }: AdoptingOptions,
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
      state.queue.admit(partition, decodeCheckpoint(body)),
      state.queue.withdraw(partition, new Error("the partition is done")),
    ]);
    known.add(partition);
    if (state.queue.left(partition).all > 0) retries.add(partition);
  }
}

/** The run is not the one that this machine joined. */
export function repartitioned(): ReuploadError {
  return new ReuploadError("partition-lost", "The run was partitioned anew, or its manifest was deleted.", {
    advice: "Start this machine again as the others were started.",
  });
}
