/**
 * Repeats coordination calls until the service answers. They have no brake and no learned rate: few requests depend on
 * them, and a lease's renewal must not wait behind thousands of transfers.
 */
import { type Cancel, sleep, type Surroundings } from "../surroundings/surroundings.ts";
import { type CallOptions, isRefusal } from "./coordination-account.ts";

/** An attempt without an answer ends after this, ms. */
export const ATTEMPT_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** "No" for now: the same request may be answered otherwise later. */
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

export class NoAnswer extends Error {
  constructor() {
    super(`no answer within ${ATTEMPT_MS} ms`);
    this.name = "NoAnswer";
  }
}

/**
 * Makes the call once; it ends after `ATTEMPT_MS`.
 *
 * @throws what the call throws; NoAnswer; the signal's reason
 */
export async function callOnce<T>(
  surroundings: Surroundings,
  signal: AbortSignal,
  call: (options: CallOptions) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const attempt = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: Error): void => {
    attempt.abort(reason);
    reject(reason);
  };
  const stop = (): void => end(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  const cancel: Cancel = surroundings.after(ATTEMPT_MS, () => end(new NoAnswer()));
  try {
    return await Promise.race([call({ signal: attempt.signal }), ended]);
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
    ended.catch(() => {});
  }
}

/** Whether asking again may help: there was no answer, or the service asked for patience. */
export function maySucceedLater(thrown: unknown): boolean {
  return !isRefusal(thrown) || PASSING_STATUSES.has(thrown.status);
}

/**
 * Makes the call again and again until it is answered for good. A call whose answer was lost may have taken effect:
 * the caller reads what is there when the next answer says so.
 *
 * @param onWait called before each pause, with what the last attempt ended with
 * @throws CoordinationRefusal an answer that stays; the signal's reason
 */
export async function untilAnswered<T>(
  surroundings: Surroundings,
  signal: AbortSignal,
  call: (options: CallOptions) => Promise<T>,
  onWait: (thrown: unknown) => void = () => {},
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await callOnce(surroundings, signal, call);
    } catch (thrown) {
      signal.throwIfAborted();
      if (!maySucceedLater(thrown)) throw thrown;
      onWait(thrown);
    }
    const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    await sleep(surroundings, most * (0.5 + surroundings.random() / 2), signal);
  }
}
