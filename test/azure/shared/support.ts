/** Limits that are shared within one thread, over channels. */
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import type { ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import { type OpenedGates, openSharedGates } from "../../../src/azure/shared/open-shared-gates.ts";
import { type SharedServices, shareGates } from "../../../src/azure/shared/share-gates.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { quickGate } from "../support.ts";

/** A thread's gates, and what ends it. */
export interface OpenedThread extends OpenedGates {
  /** As when the thread has died. */
  readonly die: () => void;
}

/** What threads share, and how one more is opened. */
export function shareHere(given: Partial<SharedServices> & { readonly target: ServiceGate }) {
  const unlimited = (): Pacer => new Pacer(REAL_SURROUNDINGS, () => undefined);
  const shared = shareGates(REAL_SURROUNDINGS, {
    queue: quickGate(),
    source: () => given.target,
    requests: unlimited(),
    bandwidth: unlimited(),
    signIn: undefined,
    ...given,
  });
  const opened: OpenedGates[] = [];
  return {
    shared,
    openThread: (): OpenedThread => {
      const connected = shared.connect();
      const gates = openSharedGates(REAL_SURROUNDINGS, connected.description);
      opened.push(gates);
      return { ...gates, die: () => connected.close() };
    },
    close: (): void => {
      for (const gates of opened) gates.close();
      shared.close();
    },
  };
}
