import { pictureRun, type PartFacts, type RunFacts, type RunPart } from "../../src/progress/run-picture.ts";

/** The service's clock at the look. */
export const LOOKED_AT = Date.UTC(2026, 6, 1, 12, 12, 10);

export interface PartParts extends Partial<Omit<PartFacts, "workItems" | "files">> {
  readonly workItems?: Partial<PartFacts["workItems"]>;
  readonly files?: Partial<PartFacts["files"]>;
  readonly life?: RunPart["life"];
  /** s before the look. */
  readonly toldAgo?: number;
}

/** A partition of 100 work items and 1,000 files, 30 of a hundred done. */
export function partOf(partition: number, parts: PartParts = {}): RunPart {
  const { life = "alive", toldAgo = 5, workItems, files, ...facts } = parts;
  return {
    partition,
    life,
    toldAt: LOOKED_AT - toldAgo * 1_000,
    facts: {
      host: `machine${partition + 1}`,
      pid: 4711 + partition,
      stateId: `state-${partition}`,
      since: LOOKED_AT - 600_000,
      workItems: { total: 100, done: 27, empty: 2, failed: 1, skipped: 0, ...workItems },
      files: { total: 1_000, isKnown: true, lookedUp: 400, done: 290, failed: 7, skipped: 3, ...files },
      filesVanished: 0,
      filesLeftOut: 0,
      bytes: 1_000_000,
      failures: { "source-not-found": 7 },
      filesPerSecond: 10,
      workItemsPerMinute: 60,
      etaMs: 70_000,
      ...facts,
    },
  };
}

export function notStarted(partition: number): RunPart {
  return { partition, life: "not-started", facts: undefined, toldAt: undefined };
}

/** Everything of it is done, with the failures that the others have unless they are given otherwise. */
export function donePart(partition: number, parts: PartParts = {}): RunPart {
  return partOf(partition, {
    life: "done",
    toldAgo: 600,
    workItems: { done: 97 },
    files: { lookedUp: 1_000, done: 990 },
    ...parts,
  });
}

export const WITHOUT_FAILURES: PartParts = {
  workItems: { done: 98, failed: 0 },
  files: { lookedUp: 1_000, done: 1_000, failed: 0, skipped: 0 },
  failures: {},
};

export function runOf(parts: readonly RunPart[], more: Partial<RunFacts> = {}): RunFacts {
  return {
    runId: "5972dbbb7b0c",
    target: "https://account.blob.core.windows.net/results",
    csv: {
      digest: "d",
      fileName: "failed_workitems.csv",
      rows: parts.length * 100,
      workItems: parts.length * 100,
      rejected: 0,
    },
    totalPartitions: parts.length,
    mode: "fixed",
    queues: ["resultsqueue"],
    isOpening: false,
    parts,
    joined: [],
    date: LOOKED_AT,
    ...more,
  };
}

export const pictureOfRun = (parts: readonly RunPart[], more: Partial<RunFacts> = {}) =>
  pictureRun(runOf(parts, more));
