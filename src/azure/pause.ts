import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../core/later.ts";

/** Waits so long, ms; longer than one timer can, too. @throws the signal's reason when it aborts, at once */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    let leftMs = ms;
    for (; leftMs > LONGEST_TIMER_MS; leftMs -= LONGEST_TIMER_MS) {
      await sleep(LONGEST_TIMER_MS, undefined, { signal });
    }
    await sleep(leftMs, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
