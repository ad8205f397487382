/** A fair sample of all files of the catalog, each with the same chance to be in it. */
import type { Lookup } from "../catalog/catalog.ts";
import { planFiles, type PlannedFile } from "../core/file-plan.ts";
import { Reservoir } from "../core/reservoir.ts";
import type { WorkItem } from "../core/work-item.ts";
import { inBatches } from "./verify-work-items.ts";
import {
  EMPTY_TALLY,
  type Finding,
  type VerifyDoors,
  type VerifyOptions,
  type VerifyTally,
} from "./verify.ts";
import { lookAt, nameWorkItem, PROVEN } from "./verify-work-item.ts";

/** So many files, or each file with this chance. */
export type SampleSize = { readonly count: number } | { readonly percent: number };

export interface SampledFiles {
  /** Of the files that were drawn; `workItems`, `empty` and `lookupsFailed` are of all. */
  readonly tally: VerifyTally;
  readonly findings: readonly Finding[];
  /** Files of the catalog, of which some were drawn. */
  readonly population: number;
}

interface Drawn {
  readonly workItem: WorkItem;
  readonly planned: PlannedFile;
}

/** How many drawn files are kept until they are looked at, when each has its own chance. */
const MOST_WAITING = 1_000;

/**
 * Reads the whole catalog, and looks at the files that were drawn from it. Extra blobs are not looked for.
 *
 * @param random a number in [0, 1)
 * @throws as `verifyWorkItems`
 */
export async function verifySample(
  doors: VerifyDoors,
  workItems: AsyncIterable<readonly WorkItem[]>,
  size: SampleSize,
  options: VerifyOptions & {
    readonly random: () => number;
  },
): Promise<SampledFiles> {
  const sample = new Sample(doors, options, size);
  for await (const batch of inBatches(workItems, () => doors.catalog.batchSize)) {
    for await (const lookup of doors.catalog.lookup(batch, options)) {
      sample.count(lookup.failure === undefined && lookup.problems.length === 0, isWithoutFiles(lookup));
      const named = nameWorkItem(lookup.workItem, lookup);
      for (const planned of planFiles(named, lookup.files, options).files)
        sample.draw({ workItem: named, planned });
    }
    if ("percent" in size && sample.waiting >= MOST_WAITING) await sample.look();
  }
  await sample.look();
  return { tally: sample.tally, findings: sample.findings, population: sample.population };
}

function isWithoutFiles({ files, leftOut = [] }: Lookup): boolean {
  return files.length + leftOut.length === 0;
}

class Sample {
  readonly tally: { -readonly [Name in keyof VerifyTally]: number } = { ...EMPTY_TALLY };
  readonly findings: Finding[] = [];
  population = 0;
  readonly #doors: VerifyDoors;
  readonly #options: Parameters<typeof verifySample>[3];
  readonly #size: SampleSize;
  /** Each file has its own chance: looked at as they are drawn. */
  #drawn: Drawn[] = [];
  /** A fixed number of files: looked at once all are known. */
  readonly #fixed: Reservoir<Drawn>;

  constructor(doors: VerifyDoors, options: Parameters<typeof verifySample>[3], size: SampleSize) {
    this.#doors = doors;
    this.#options = options;
    this.#size = size;
    this.#fixed = new Reservoir("count" in size ? size.count : 0, options.random);
  }

  get waiting(): number {
    return this.#drawn.length;
  }

  count(isWhole: boolean, isEmpty: boolean): void {
    this.tally.workItems++;
    this.#doors.seen.workItems++;
    this.#doors.seen.workItemsDone++;
    if (!isWhole) this.tally.lookupsFailed++;
    else if (isEmpty) this.tally.empty++;
  }

  /** Every file has the same chance. */
  draw(one: Drawn): void {
    this.population++;
    if ("count" in this.#size) this.#fixed.offer(one);
    else if (this.#options.random() * 100 < this.#size.percent) this.#drawn.push(one);
  }

  /** Looks at all that wait. */
  async look(): Promise<void> {
    const drawn = [...this.#drawn, ...this.#fixed.items];
    this.#drawn = [];
    this.#doors.seen.files += drawn.length;
    await Promise.all(drawn.map(async (one) => this.#lookAt(one)));
  }

  async #lookAt({ workItem, planned }: Drawn): Promise<void> {
    const [, check] = await lookAt(this.#doors, planned, undefined, this.#options);
    this.tally.files++;
    const { jobId, workItemId } = workItem;
    const file = { jobId, workItemId, fileName: planned.file.fileName, blobName: planned.blobName };
    switch (check.kind) {
      case "same":
        this.tally[PROVEN[check.provenBy]]++;
        break;
      case "missing":
        this.tally.missing++;
        this.findings.push({ ...file, kind: "missing", why: "the target has no blob of this name" });
        break;
      case "different":
        this.tally.different++;
        this.findings.push({ ...file, kind: "different", why: check.how });
        break;
      case "unreadable":
        this.tally.unreadable++;
        this.findings.push({ ...file, kind: "unreadable", why: `${check.code}: ${check.message}` });
    }
  }
}
