import type { RunRecord } from "../state/run-record.ts";

/** A state and the run it holds. */
export interface StateOfRun {
  readonly stateDb: string;
  readonly run: Pick<RunRecord, "runId" | "identity">;
}

/** Whether states are the shares of one CSV and target, each once, so that they can be added up. */
export interface FleetFit {
  /** Why they are not, in words; empty when they are. */
  readonly mismatches: readonly string[];
  /** Partitions whose state is not among these; of no meaning when there are mismatches. */
  readonly missingPartitions: readonly number[];
}

/** Whether these states are the partitions of one run: what does not fit, and which partitions are not among them. */
export function checkFit(states: readonly StateOfRun[]): FleetFit {
  const [first, ...others] = states;
  if (first === undefined) return { mismatches: [], missingPartitions: [] };
  const { totalPartitions } = first.run.identity;
  const mismatches = differences(first, others);
  const byPartition = Map.groupBy(states, ({ run }) => run.identity.partition);
  if (mismatches.length === 0) {
    for (const same of byPartition.values()) {
      if (same.length > 1) mismatches.push(sayTwice(same));
    }
  }
  // A state of free partitions has all work items.
  if (byPartition.has("auto")) return { mismatches, missingPartitions: [] };
  const missingPartitions = Array.from({ length: totalPartitions }, (_, partition) => partition).filter(
    (partition) => !byPartition.has(partition),
  );
  return { mismatches, missingPartitions };
}

/** What the others have that the first has not: a sentence a difference, with all who have it. */
function differences(first: StateOfRun, others: readonly StateOfRun[]): string[] {
  const own = first.run.identity;
  const than = `than ${first.stateDb}`;
  const all = new Map<string, { names: string[]; say: (names: string, isOne: boolean) => string }>();
  const add = ({ stateDb }: StateOfRun, key: string, say: (names: string, isOne: boolean) => string) => {
    const found = all.get(key);
    if (found === undefined) all.set(key, { names: [stateDb], say });
    else found.names.push(stateDb);
  };
  for (const other of others) {
    const { csvDigest, target, totalPartitions } = other.run.identity;
    const have = (isOne: boolean) => (isOne ? "has" : "have");
    if (csvDigest !== own.csvDigest) {
      add(other, "csv", (names, isOne) => `${names} ${have(isOne)} another CSV ${than}`);
    }
    if (target !== own.target) {
      add(
        other,
        `target ${target}`,
        (names, isOne) => `${names} ${have(isOne)} another target (${target}) ${than}`,
      );
    }
    if (totalPartitions !== own.totalPartitions) {
      const into = `the CSV into ${totalPartitions} partitions, ${first.stateDb} into ${own.totalPartitions}`;
      add(
        other,
        `total ${totalPartitions}`,
        (names, isOne) => `${names} ${isOne ? "divides" : "divide"} ${into}`,
      );
    }
  }
  return [...all.values()].map(({ names, say }) => say(names.join(" and "), names.length === 1));
}

function sayTwice(states: readonly StateOfRun[]): string {
  const names = states.map(({ stateDb }) => stateDb).join(" and ");
  const [first] = states;
  if (first === undefined) return names;
  const { partition, totalPartitions } = first.run.identity;
  if (partition === "auto") return `${names} each tell the whole run (--partition auto): give one of them`;
  const isOneRun = states.every(({ run }) => run.runId === first.run.runId);
  const what = isOneRun ? "the same run" : "the same share";
  return totalPartitions === 1
    ? `${names} hold ${isOneRun ? what : "the whole CSV each"}`
    : `${names} hold ${what}: partition ${partition} of ${totalPartitions}`;
}
