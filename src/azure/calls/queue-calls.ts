import type { AttemptContext } from "../attempts/attempt-clock.ts";

/** Put Message, the one queue call made per file. */
export interface QueueCalls {
  /** @param timeToLiveSeconds -1 = never expires */
  putMessage(text: string, timeToLiveSeconds: number, pulse: AttemptContext): Promise<void>;
}
