import type { OpenWorkItemView } from "../state/state-reader.ts";
import type { FailureGroup } from "../state/ledger.ts";

/** A work item in progress, and the state it is of. */
export interface FleetWorkItem extends OpenWorkItemView {
  readonly stateDb: string;
}

/** Failures of one code; of one state alone where states are not added up. */
export interface FleetFailures extends FailureGroup {
  /** undefined: of all states. */
  readonly stateDb: string | undefined;
}

const MOST_SAMPLES = 5;

/**
 * The failures of several states.
 *
 * @param fits the states belong to one run: else a sum would mean nothing, and each has its own, in the order given
 */
export function fleetFailures(
  lists: readonly { readonly stateDb: string; readonly failures: readonly FailureGroup[] }[],
  fits: boolean,
): FleetFailures[] {
  if (fits) {
    return mergeFailures(lists.map(({ failures }) => failures)).map((group) => ({
      ...group,
      stateDb: undefined,
    }));
  }
  return lists.flatMap(({ stateDb, failures }) => failures.map((group) => ({ ...group, stateDb })));
}

/** The failures of several states as one list, most first. */
export function mergeFailures(lists: readonly (readonly FailureGroup[])[]): FailureGroup[] {
  const merged = new Map<string, FailureGroup>();
  for (const group of lists.flat()) {
    const key = `${group.outcome} ${group.code}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? group : added(before, group));
  }
  return [...merged.values()].sort((a, b) => b.files + b.workItems - (a.files + a.workItems));
}

function added(a: FailureGroup, b: FailureGroup): FailureGroup {
  return {
    ...a,
    files: a.files + b.files,
    workItems: a.workItems + b.workItems,
    samples: [...a.samples, ...b.samples].slice(0, MOST_SAMPLES),
  };
}

/** Those of several states that were opened first, at most `max`. */
export function mergeSlowest(
  lists: readonly { readonly stateDb: string; readonly slowest: readonly OpenWorkItemView[] }[],
  max: number,
): FleetWorkItem[] {
  return lists
    .flatMap(({ stateDb, slowest }) => slowest.map((view) => ({ ...view, stateDb })))
    .sort((a, b) => a.since - b.since)
    .slice(0, max);
}
