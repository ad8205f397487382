import { LinkedList } from "../core/linked-list.ts";

type Leave = () => void;

/** Who waits on each signal. A signal itself looks through all its listeners for every one that comes or goes. */
const waiting = new WeakMap<AbortSignal, LinkedList<Leave>>();

/**
 * Calls back when the signal aborts, at once when it has; thousands may come and go on one signal a second.
 *
 * @returns takes the call back; the last one to go takes the signal's listener along
 */
export function onAbort(signal: AbortSignal, leave: Leave): () => void {
  if (signal.aborted) {
    leave();
    return () => {};
  }
  const all = waiting.get(signal) ?? listenTo(signal);
  const link = all.add(leave);
  return () => {
    all.remove(link);
    if (all.isEmpty && waiting.get(signal) === all) stopListening(signal);
  };
}

const listeners = new WeakMap<AbortSignal, Leave>();

function listenTo(signal: AbortSignal): LinkedList<Leave> {
  const all = new LinkedList<Leave>();
  const listener = (): void => {
    stopListening(signal);
    for (let leave = all.shift(); leave !== undefined; leave = all.shift()) leave();
  };
  waiting.set(signal, all);
  listeners.set(signal, listener);
  signal.addEventListener("abort", listener, { once: true });
  return all;
}

function stopListening(signal: AbortSignal): void {
  const listener = listeners.get(signal);
  if (listener !== undefined) signal.removeEventListener("abort", listener);
  listeners.delete(signal);
  waiting.delete(signal);
}
