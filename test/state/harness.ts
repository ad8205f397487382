import type { WorkItem } from "../../src/core/work-item.ts";
import type { OpenOptions } from "../../src/state/state-kind.ts";
import type { OpenState } from "../../src/state/state-kind.ts";

/** One run of some kind of state store, for the conformance suite. */
export interface StateHarness {
  /** Starts it with these work items. */
  start(rows: readonly WorkItem[]): Promise<OpenState>;
  /** Resumes it, when the store was closed. */
  resume(options?: Partial<Pick<OpenOptions, "retryFailed" | "only">>): Promise<OpenState>;
  /** What a kill at this moment leaves is what `resume` finds; the store is of no use after it. */
  kill(store: OpenState): Promise<void>;
}
