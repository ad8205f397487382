/** The checkpoints of a claim while it is held. */
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { Claim } from "./claim.ts";

/** A checkpoint is written so often, ms. */
const CHECKPOINT_MS = 15_000;
/** Of millions of work items it takes seconds to put together: at most a twentieth of the time goes there. */
const WORTH = 20;
const LONGEST_PAUSE_MS = 120_000;

/** Writes the claim's checkpoints until it has ended or is lost. Never rejects. */
export async function keepCheckpoints(
  surroundings: Surroundings,
  claim: Claim,
  ended: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([ended, claim.lost]);
  while (!signal.aborted) {
    const pause = Math.max(CHECKPOINT_MS, Math.min(claim.factsMs * WORTH, LONGEST_PAUSE_MS));
    await sleep(surroundings, pause, signal).catch(() => {});
    // What could not be written now is written by the next one.
    if (!signal.aborted) await claim.writeCheckpoint(signal).catch(() => {});
  }
}
