import { setMaxListeners } from "node:events";

/** A signal that hundreds of requests listen to at once, which is no leak here. */
export function sharedSignal(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}
