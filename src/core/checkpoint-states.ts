/** The two bits that a checkpoint keeps of each work item. */

/** What a checkpoint says of a work item. The number is its two bits. `done` is completed or empty. */
export const CHECKPOINT_STATES = ["pending", "done", "failed", "skipped"] as const;
export type CheckpointState = (typeof CHECKPOINT_STATES)[number];

/** The two-bit states of `count` work items, all of them pending. */
export function newCheckpointStates(count: number): Uint8Array {
  return new Uint8Array(Math.ceil(count / 4));
}

/** @param place in key order, within the rows */
export function readCheckpointState(states: Uint8Array, place: number): CheckpointState {
  const bits = ((states[place >> 2] ?? 0) >> ((place & 3) * 2)) & 3;
  return CHECKPOINT_STATES[bits] ?? "pending";
}

/** Writes a state over `pending`. */
export function writeCheckpointState(states: Uint8Array, place: number, state: CheckpointState): void {
  const bits = CHECKPOINT_STATES.indexOf(state) << ((place & 3) * 2);
  states[place >> 2] = ((states[place >> 2] ?? 0) & ~(3 << ((place & 3) * 2))) | bits;
}
