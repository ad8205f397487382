import { afterEach } from "vitest";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import type { GateOptions } from "../../../src/azure/gate/service-gate.ts";
import { openSharedGates } from "../../../src/azure/shared/open-shared-gates.ts";
import { shareGates } from "../../../src/azure/shared/share-gates.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { describeGate, type TestGate } from "../gate/gate-contract.ts";
import { quickGate } from "../support.ts";

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

/** A gate as another thread has it, over a channel to its judge. */
function openRemote(options: Partial<GateOptions> = {}): TestGate {
  const judge = quickGate(options);
  const unlimited = (): Pacer => new Pacer(REAL_SURROUNDINGS, () => undefined);
  const shared = shareGates(REAL_SURROUNDINGS, {
    target: judge,
    queue: quickGate(),
    source: () => judge,
    requests: unlimited(),
    bandwidth: unlimited(),
    signIn: undefined,
  });
  const opened = openSharedGates(REAL_SURROUNDINGS, shared.connect().description);
  toClose.push(
    () => opened.close(),
    () => shared.close(),
  );
  return Object.defineProperty(opened.target, "waiting", { get: () => judge.waiting }) as TestGate;
}

describeGate("a gate in another thread", openRemote);
