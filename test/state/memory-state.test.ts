import { MemoryKind } from "../support/memory-kind.ts";
import type { MemoryState } from "../support/memory-state.ts";
import { describeState } from "./conformance.ts";
import type { StateHarness } from "./harness.ts";
import { csvOf, DESCRIPTION, noSignal } from "./samples.ts";

describeState("memory", async (): Promise<StateHarness> => {
  const kind = new MemoryKind();
  let places = 0;
  let description = DESCRIPTION;
  const defaults = { location: "state", resume: true, updateCsv: false, retryFailed: "all" } as const;
  return {
    kind,
    newLocation: () => `other-${++places}`,
    start(rows, share = {}) {
      description = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, ...share } };
      return kind.open(defaults, description, csvOf(rows), noSignal);
    },
    resume: (options) => kind.open({ ...defaults, ...options }, description, undefined, noSignal),
    async kill(state) {
      (state as MemoryState).kill();
    },
    read: () => kind.read("state"),
  };
});
