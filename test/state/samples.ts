/** Work items, files, events and CSVs by number, for the tests of the state and the processes that they start. */
import { CsvDigest } from "../../src/core/csv-digest.ts";
import { type CatalogFile, fileKey } from "../../src/core/file.ts";
import { type WorkItem, workItemKey } from "../../src/core/work-item.ts";
import type { RunDescription } from "../../src/state/run-record.ts";
import type { InputReader } from "../../src/state/state-kind.ts";
import type { FailureRecord, StateEvent } from "../../src/state/ledger.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import type { Claim } from "../../src/state/work-queue.ts";

export const noSignal = { signal: new AbortController().signal };

export const DESCRIPTION: RunDescription = {
  identity: {
    target: "https://target.blob.core.windows.net/results",
    queue: "resultsqueue",
    partition: 0,
    totalPartitions: 2,
    nameTemplate: "{workItemName}-{fileBaseName}",
    catalog: "listing:files.csv",
  },
  settings: { workItemWorkers: 20 },
};

export const workItem = (index: number, name = ""): WorkItem => ({
  jobId: `job-${index % 3}`,
  workItemId: `item-${index}`,
  workItemName: name,
});

export const workItems = (count: number, from = 0): WorkItem[] =>
  Array.from({ length: count }, (_, index) => workItem(from + index));

export const file = (index: number, of = 0): CatalogFile => ({
  fileName: `results/file-${index}.json`,
  uri: `https://source.blob.core.windows.net/c/item-${of}/results/file-${index}.json?sv=1&sig=SECRET`,
});

/** A CSV as the input room would read it: these rows are of this partition, `others` of another. */
export function csvOf(rows: readonly WorkItem[], others: readonly WorkItem[] = []): InputReader {
  return {
    async read(take) {
      const digest = new CsvDigest();
      const seen = new Set<string>();
      for (const row of [...rows, ...others]) {
        if (!seen.has(workItemKey(row))) digest.add(row);
        seen.add(workItemKey(row));
      }
      let ours = 0;
      for (let at = 0; at < rows.length; at += 70) {
        ours += take(rows.slice(at, at + 70));
        await Promise.resolve();
      }
      const counts = {
        rows: rows.length + others.length,
        ours,
        duplicates: rows.length - ours,
        rejected: 0,
        otherPartitions: others.length,
      };
      return { csvDigest: digest.toString(), counts };
    },
  };
}

/** What a claim gives; none for `nothing-now` and `all-done`. */
export async function claimSome({ queue }: Pick<OpenState, "queue">, max: number): Promise<readonly Claim[]> {
  const answer = await queue.claim(max, noSignal);
  return answer.kind === "claims" ? answer.claims : [];
}

export async function claimOne(store: OpenState): Promise<Claim> {
  const [claimed] = await claimSome(store, 1);
  if (claimed === undefined) throw new Error("nothing is pending");
  return claimed;
}

export const failure = (code: FailureRecord["code"] = "source-not-found"): FailureRecord => ({
  code,
  message: "it failed",
  attempts: 1,
});

/** Events of one claimed work item. */
export const eventsOf = (item: number) => ({
  opened: (filesTotal: number, workItemName = ""): StateEvent => ({
    kind: "work-item-opened",
    workItem: item,
    workItemName,
    filesTotal,
    duplicates: 0,
    receipt: { count: filesTotal, digest: "0123456789abcdef" },
  }),
  uploaded: (
    of: CatalogFile,
    more: { bytes?: number; contentMd5?: string; alreadyThere?: boolean; attempts?: number } = {},
  ): StateEvent => ({
    kind: "file-uploaded",
    workItem: item,
    file: of,
    place: placeInName(of),
    bytes: 1_000,
    alreadyThere: false,
    attempts: 1,
    ...more,
  }),
  completed: (of: CatalogFile, announced = true): StateEvent => ({
    kind: "file-completed",
    workItem: item,
    file: of,
    place: placeInName(of),
    announced,
  }),
  failed: (of: CatalogFile, why = failure()): StateEvent => ({
    kind: "file-failed",
    workItem: item,
    file: of,
    place: placeInName(of),
    failure: why,
  }),
  skipped: (of: CatalogFile, why = failure("name-collision")): StateEvent => ({
    kind: "file-skipped",
    workItem: item,
    file: of,
    place: placeInName(of),
    failure: why,
  }),
  finished: (status: "completed" | "empty" | "failed", why?: FailureRecord): StateEvent => ({
    kind: "work-item-finished",
    workItem: item,
    status,
    ...(why && { failure: why }),
  }),
  released: (): Release => ({ kind: "release", workItem: item }),
});

interface Release {
  readonly kind: "release";
  readonly workItem: number;
}

/** The files of a work item are in the order of their numbers. */
function placeInName({ fileName }: CatalogFile): number {
  return Number(/file-(\d+)/.exec(fileName)?.[1]);
}

/** Records events, and gives back what is released. */
export function recordAll(
  { ledger, queue }: Pick<OpenState, "ledger" | "queue">,
  ...events: (StateEvent | Release)[]
): void {
  for (const event of events) {
    if (event.kind === "release") queue.release([event.workItem]);
    else ledger.record(event);
  }
}

/** Claims the next work item and completes all of its files. */
export async function completeOne(store: OpenState, files: number): Promise<Claim> {
  const claimed = await claimOne(store);
  const events = eventsOf(claimed.id);
  store.ledger.record(events.opened(files));
  for (let index = 0; index < files; index++) {
    recordAll(store, events.uploaded(file(index, claimed.id)), events.completed(file(index, claimed.id)));
  }
  store.ledger.record(events.finished(files === 0 ? "empty" : "completed"));
  return claimed;
}

export const knownOf = (claimed: Claim, of: CatalogFile) => claimed.knownFiles.get(fileKey(of));
