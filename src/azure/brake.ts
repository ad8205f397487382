/** Holds attempts back at the operator's word. */
export interface Brake {
  /** Waits until one more attempt may be made; undefined when it may at once. @throws the signal's reason */
  pass(signal: AbortSignal): Promise<void> | undefined;
}
