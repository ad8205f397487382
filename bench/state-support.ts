/** What the benches of the state share: a run without a CSV file, and files with realistic names. */
import type { CatalogFile } from "../src/core/file.ts";
import type { WorkItem } from "../src/core/work-item.ts";
import type { RunDescription } from "../src/state/run-record.ts";
import type { InputReader, OpenOptions } from "../src/state/state-kind.ts";
import { openRun } from "../src/state/sqlite/open-run.ts";
import type { OpenState } from "../src/state/state-kind.ts";
import type { Claim } from "../src/state/work-queue.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const BATCH = 4_096;

export const DESCRIPTION: RunDescription = {
  identity: {
    target: "https://target.blob.core.windows.net/results",
    queue: "resultsqueue",
    partition: 0,
    totalPartitions: 1,
    nameTemplate: "{workItemName}-{fileBaseName}",
    catalog: "listing:files.csv",
  },
  settings: {},
};

/** Job ids are GUIDs that 25,000 work items share; work item ids come in no order. */
export function workItemAt(index: number): WorkItem {
  const job = String(Math.floor(index / 25_000)).padStart(4, "0");
  return {
    jobId: `3fa85f64-5717-4562-b3fc-2c963f66${job}`,
    workItemId: String((index * 2_654_435_761) % 4_294_967_296),
    workItemName: `perf.partition${index % 97}.work`,
  };
}

export function inputOf(rows: number): InputReader {
  return {
    async read(take) {
      let ours = 0;
      for (let at = 0; at < rows; at += BATCH) {
        const length = Math.min(BATCH, rows - at);
        ours += take(Array.from({ length }, (_, index) => workItemAt(at + index)));
        await Promise.resolve();
      }
      const counts = { rows, ours, duplicates: rows - ours, rejected: 0, otherPartitions: 0 };
      return { csvDigest: `${rows}`, counts };
    },
  };
}

export function openState(
  path: string,
  rows: number,
  options: Partial<OpenOptions> = {},
): Promise<OpenState> {
  return openRun(
    REAL_SURROUNDINGS,
    { location: path, resume: true, updateCsv: false, retryFailed: "all", ...options },
    DESCRIPTION,
    inputOf(rows),
    { signal: new AbortController().signal },
  );
}

/** 41 characters of name, in a folder of the work item's own. */
export function fileAt(workItem: WorkItem, index: number): CatalogFile {
  const fileName = `results/run-${String(index).padStart(4, "0")}/perf-lab-report-x64.json`;
  const folder = `https://source.blob.core.windows.net/${workItem.jobId}/${workItem.workItemId}`;
  return { fileName, uri: `${folder}/${fileName}?sv=2024-11-04&sp=r&sig=c2VjcmV0` };
}

/** 80 to 800, the same on every run. */
export function filesOf(id: number): number {
  return 80 + ((id * 7_919) % 721);
}

/** A file of a work item that is open, and where it stands in it. */
export interface NextFile {
  readonly item: NextClaim;
  readonly file: CatalogFile;
  /** Its number in catalog order. */
  readonly index: number;
}

/** As much of a claim as the benches need; it can be sent to another thread. */
export type NextClaim = Pick<Claim, "id" | "workItem">;

/** Gives files of 20 open work items in turn, opening the next when one has given its last. */
export class FileSource {
  readonly #open: { item: NextClaim; given: number; total: number }[] = [];
  readonly #claim: () => Promise<NextClaim | undefined>;
  readonly #opened: (item: NextClaim, total: number) => void;
  #turn = 0;

  constructor(claim: () => Promise<NextClaim | undefined>, opened: (item: NextClaim, total: number) => void) {
    this.#claim = claim;
    this.#opened = opened;
  }

  /** Opens work items until 20 are open. */
  async fill(): Promise<void> {
    while (this.#open.length < 20) {
      const item = await this.#claim();
      if (item === undefined) return;
      const total = filesOf(item.id);
      this.#opened(item, total);
      this.#open.push({ item, given: 0, total });
    }
  }

  next(): NextFile | undefined {
    if (this.#open.length === 0) return undefined;
    this.#turn = (this.#turn + 1) % this.#open.length;
    const current = this.#open[this.#turn];
    if (current === undefined) return undefined;
    const index = current.given++;
    const file = fileAt(current.item.workItem, index);
    if (current.given === current.total) this.#open.splice(this.#turn, 1);
    return { item: current.item, file, index };
  }
}
