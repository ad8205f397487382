/** What the states of a run prove of its CSV, and what they record of its files. */
import { type CatalogFile, fileKey } from "../core/file.ts";
import { ReuploadError } from "../core/errors.ts";
import { choosePartition } from "../core/partition.ts";
import { checkFit } from "../progress/progress.ts";
import type { StateReader, StateReading, WorkItemHistory } from "../state/state-reader.ts";
import type { SurveyedRows } from "./verify-rows.ts";
import type { RunRecords, WorkItemRecord } from "./verify.ts";

/** Whether every row of the CSV belongs to exactly one finished partition. */
export interface PartitionProof {
  readonly by: "states" | "account";
  readonly totalPartitions: number;
  /** Work items that are done (completed, or without files) in a partition that holds exactly its rows of the CSV. */
  readonly workItemsDone: number;
  readonly workItems: number;
  /** What is not finished or does not fit, one sentence a partition; empty when the whole CSV is proven. */
  readonly open: readonly string[];
  /** States that a resume would bring further, as they were given. */
  readonly toResume: readonly string[];
}

interface StateOfVerify {
  readonly stateDb: string;
  readonly reader: StateReader;
}

interface ReadState extends StateOfVerify {
  readonly reading: StateReading;
}

/**
 * Reads the states once.
 *
 * @throws ReuploadError `identity-mismatch` when they are not states of one run, or not of this CSV
 */
export async function proveByStates(
  states: readonly StateOfVerify[],
  rows: SurveyedRows,
  csvPath: string,
): Promise<PartitionProof> {
  const read = await Promise.all(
    states.map(async (state) => ({ ...state, reading: await state.reader.read() })),
  );
  const runs = read.map(({ stateDb, reading: { run } }) => ({ stateDb, run }));
  const { mismatches, missingPartitions } = checkFit(runs);
  if (mismatches.length > 0) {
    const message = `The states do not fit together: ${mismatches.join("; ")}.`;
    throw new ReuploadError("identity-mismatch", message, {
      advice: "Give the states of one run, each only once.",
    });
  }
  for (const { stateDb, run } of runs) {
    if (run.identity.csvDigest !== rows.csvDigest) throw anotherCsv(csvPath, stateDb);
  }
  const totalPartitions = runs[0]?.run.identity.totalPartitions ?? 1;
  const open = [
    ...read.flatMap((state) => describeOpen(state, rows)),
    ...missingPartitions.map((partition) => `partition ${partition}: its state is not given`),
  ];
  const workItemsDone = read.reduce((sum, { reading }) => sum + countDone(reading), 0);
  const toResume = read.filter(({ reading }) => isLeft(reading)).map(({ stateDb }) => stateDb);
  return { by: "states", totalPartitions, workItemsDone, workItems: rows.workItems, open, toResume };
}

function isLeft({ summary: { workItems } }: StateReading): boolean {
  return workItems.pending + workItems.in_progress + workItems.failed > 0;
}

function countDone({ summary: { workItems } }: StateReading): number {
  return workItems.completed + workItems.empty + workItems.elsewhere;
}

function describeOpen({ stateDb, reading }: ReadState, rows: SurveyedRows): string[] {
  const { identity, input } = reading.run;
  const { pending, in_progress: inProgress, failed, skipped } = reading.summary.workItems;
  const name = `partition ${identity.partition} (${stateDb})`;
  const parts = [
    [pending + inProgress, "not done"],
    [failed, "failed"],
    [skipped, "skipped"],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  if (reading.writer.kind === "running") told.push("a process works on it");
  const { partition } = identity;
  const own = partition === "auto" ? rows.workItems : rows.partitions[partition]?.count;
  if (own !== input.ours) told.push(`it has ${input.ours} work items, the CSV has ${own ?? 0} for it`);
  return told.length === 0 ? [] : [`${name}: ${told.join(", ")}`];
}

function anotherCsv(path: string, stateDb: string): ReuploadError {
  return new ReuploadError("identity-mismatch", `${path} is not the CSV of the run in ${stateDb}.`, {
    advice:
      "Give the CSV that the run was started with (or last resumed with, by --update-csv), or leave --state-db out.",
  });
}

/**
 * What the states record of files.
 *
 * @param wantsAnnouncements the run announces, and files that were there before, too
 */
export async function recordsOfStates(
  states: readonly StateOfVerify[],
  wantsAnnouncements: boolean,
): Promise<RunRecords> {
  const readings = await Promise.all(
    states.map(async ({ reader }) => ({ reader, run: (await reader.read()).run })),
  );
  return {
    async read(workItem) {
      const holders = readings.filter(({ run: { identity } }) => {
        const { partition, totalPartitions } = identity;
        return partition === "auto" || choosePartition(workItem.workItemId, totalPartitions) === partition;
      });
      const histories: WorkItemHistory[] = [];
      for (const { reader } of holders) {
        const history = await reader.history(workItem);
        if (history !== undefined && history.status !== "not_mine") histories.push(history);
      }
      return histories.length === 0 ? undefined : toRecord(histories, wantsAnnouncements);
    },
  };
}

/** What the states that have the work item know together: what one of them completed stands. */
function toRecord(histories: readonly WorkItemHistory[], wantsAnnouncements: boolean): WorkItemRecord {
  const isDoneElsewhere = histories.some(({ status }) => status === "elsewhere");
  const files = new Map<string, WorkItemHistory["recorded"][number]>();
  for (const { recorded } of histories) {
    for (const file of recorded) if (files.get(file.key)?.announced !== true) files.set(file.key, file);
  }
  return {
    whyNotAnnounced(file: CatalogFile) {
      if (isDoneElsewhere) return undefined;
      const known = files.get(fileKey(file));
      if (known === undefined) return "the state knows nothing of this file";
      if (known.elsewhere) return undefined;
      if (known.status !== "completed") return `the state says ${known.status}`;
      return known.announced || !wantsAnnouncements
        ? undefined
        : "the state says completed without an announcement";
    },
    isSkipped: (file) => files.get(fileKey(file))?.status === "skipped",
    bytesOf: (file) => files.get(fileKey(file))?.bytes,
  };
}
