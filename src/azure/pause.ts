import { setTimeout as sleep } from "node:timers/promises";

/** Waits so long. @throws the signal's reason when it aborts, at once */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
