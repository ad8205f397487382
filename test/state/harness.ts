import type { RunIdentity } from "../../src/core/run-identity.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import type { OpenOptions, OpenState, StateKind } from "../../src/state/state-kind.ts";
import type { StateReader } from "../../src/state/state-reader.ts";

/** One run of some kind of state, for the conformance suites. */
export interface StateHarness {
  readonly kind: StateKind;
  /** Where a state of this kind may be; another one at each call. */
  readonly newLocation: () => string;
  /** Starts the run with these work items. */
  start(rows: readonly WorkItem[], share?: Partial<RunIdentity>): Promise<OpenState>;
  /** Resumes it, when the state was closed. */
  resume(options?: Partial<Pick<OpenOptions, "retryFailed" | "only">>): Promise<OpenState>;
  /** What a kill at this moment leaves is what `resume` finds; the state is of no use after it. */
  kill(state: OpenState): Promise<void>;
  /** Reads it, whether or not it is open. */
  read(): Promise<StateReader>;
}
