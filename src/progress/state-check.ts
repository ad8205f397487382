/** Given states held against what the account knows of their partitions. */
import type { RunFacts, RunPart } from "./run-picture.ts";
import type { FleetReadings } from "./fleet.ts";

interface DoneCounts {
  /** Empty ones too. */
  readonly workItems: number;
  readonly files: number;
}

export type StateDifference =
  /** The state is of another run: `what` differs. */
  | {
      readonly kind: "other-run";
      readonly stateDb: string;
      readonly what: "CSV" | "target" | "number of partitions";
    }
  /** The state's process has ended, and the account's checkpoint has other counts of what is done. */
  | {
      readonly kind: "done-differs";
      readonly stateDb: string;
      readonly partition: number | "auto";
      readonly inState: DoneCounts;
      readonly inAccount: DoneCounts;
      /** Which machine went on with the partition; undefined when it was nobody else. */
      readonly otherHost: string | undefined;
    };

/** Names each state that does not belong to the run, or whose counts are not its checkpoint's though nobody works on it. */
export function checkStates(readings: FleetReadings, run: RunFacts): StateDifference[] {
  return readings.flatMap(({ stateDb, reading }): StateDifference[] => {
    const { identity } = reading.run;
    const what = otherRun(identity, run);
    if (what !== undefined) return [{ kind: "other-run", stateDb, what }];
    if (reading.writer.kind === "running") return [];
    const { partition } = identity;
    const parts = partition === "auto" ? run.parts : run.parts.filter((part) => part.partition === partition);
    // A machine that takes partitions as they get free knows the others' only at the end.
    if (partition === "auto" && parts.some(({ life }) => life !== "done" && life !== "not-started"))
      return [];
    // What goes on elsewhere now is beyond what the state has.
    if (parts.some(({ life }) => life === "alive")) return [];
    const { workItems, files } = reading.summary;
    const inState = {
      workItems: workItems.completed + workItems.empty + workItems.elsewhere,
      files: files.copied + files.alreadyThere + files.elsewhere,
    };
    const inAccount = sumDone(parts);
    if (inState.workItems === inAccount.workItems && inState.files === inAccount.files) return [];
    const other = parts.find(({ facts }) => facts !== undefined && facts.stateId !== reading.run.runId);
    const otherHost = partition === "auto" ? undefined : other?.facts?.host;
    return [{ kind: "done-differs", stateDb, partition, inState, inAccount, otherHost }];
  });
}

function otherRun(
  identity: FleetReadings[number]["reading"]["run"]["identity"],
  run: RunFacts,
): Extract<StateDifference, { kind: "other-run" }>["what"] | undefined {
  if (identity.target !== run.target) return "target";
  if (identity.csvDigest !== run.csv.digest) return "CSV";
  return identity.totalPartitions === run.totalPartitions ? undefined : "number of partitions";
}

function sumDone(parts: readonly RunPart[]): DoneCounts {
  const sum = (pick: (facts: NonNullable<RunPart["facts"]>) => number) =>
    parts.reduce((all, { facts }) => all + (facts === undefined ? 0 : pick(facts)), 0);
  return {
    workItems: sum(({ workItems }) => workItems.done + workItems.empty),
    files: sum(({ files }) => files.done),
  };
}
