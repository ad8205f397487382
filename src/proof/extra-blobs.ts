/** Blobs that begin with the names of one work item and are none of its files: extra, unless another row explains them. */
import { planFiles } from "../core/file-plan.ts";
import type { WorkItem } from "../core/work-item.ts";
import { inBatches } from "./verify-work-items.ts";
import type { Finding, VerifyDoors, VerifyOptions, WorkItemVerdict } from "./verify.ts";
import { leftOutNames, nameWorkItem } from "./verify-work-item.ts";
import type { KnownNames } from "./verify-rows.ts";

/** A blob, and the work item under whose names it lies. */
export interface UnexpectedBlob {
  readonly jobId: string;
  readonly workItemId: string;
  readonly blobName: string;
  readonly prefix: string;
}

/** How many are kept until the end; those beyond are counted, and not judged. */
const MOST_KEPT = 10_000;

/** Collects unexpected blobs until all work items are verified; then it judges them. */
export class UnexpectedBlobs {
  readonly #names: KnownNames;
  readonly #options: VerifyOptions;
  readonly #kept: UnexpectedBlob[] = [];
  /** Unexpected blobs beyond those that are kept. */
  beyond = 0;
  /** The catalog gives names that the CSV does not have: which row has a name is known from its lookup alone. */
  namedByCatalog = false;

  /** @param names of the CSV */
  constructor(names: KnownNames, options: VerifyOptions) {
    this.#names = names;
    this.#options = options;
  }

  /** @returns those that are kept, to be noted */
  take({ workItem, unexpected, prefix }: WorkItemVerdict): readonly UnexpectedBlob[] {
    if (prefix === undefined) return [];
    if (prefix !== this.#options.template.prefix(workItem)) this.namedByCatalog = true;
    const { jobId, workItemId } = workItem;
    return unexpected
      .filter((blobName) => !this.#belongsToLonger(blobName, prefix))
      .map((blobName) => ({ jobId, workItemId, blobName, prefix }))
      .filter((one) => this.keep(one));
  }

  /** @returns whether there was room for it */
  keep(one: UnexpectedBlob): boolean {
    if (this.#kept.length >= MOST_KEPT) {
      this.beyond++;
      return false;
    }
    this.#kept.push(one);
    return true;
  }

  /** Another work item, whose names begin with more of it, judges it. */
  #belongsToLonger(blobName: string, own: string): boolean {
    return this.#names.others(blobName, own).some((other) => other.length > own.length);
  }

  /**
   * Looks up the work items whose names may explain them.
   *
   * @param workItems all of the CSV, read anew
   * @returns the extra blobs
   * @throws as `verifyWorkItems`
   */
  async judge(
    doors: Pick<VerifyDoors, "catalog">,
    workItems: AsyncIterable<readonly WorkItem[]>,
  ): Promise<readonly Finding[]> {
    const others = new Set(
      this.#kept.flatMap(({ blobName, prefix }) => this.#names.others(blobName, prefix)),
    );
    const open = new Set(this.#kept.map(({ blobName }) => blobName));
    if (open.size > 0 && (this.namedByCatalog || others.size > 0)) {
      const mayExplain = (workItem: WorkItem): boolean =>
        this.namedByCatalog || others.has(this.#options.template.prefix(workItem) ?? "");
      await this.#explain(doors, only(workItems, mayExplain), open);
    }
    // Of work items with one name each has met it.
    return this.#kept.filter(({ blobName }) => open.delete(blobName)).map((one) => toFinding(one));
  }

  async #explain(
    { catalog }: Pick<VerifyDoors, "catalog">,
    workItems: AsyncIterable<readonly WorkItem[]>,
    open: Set<string>,
  ): Promise<void> {
    for await (const batch of inBatches(workItems, () => catalog.batchSize)) {
      for await (const lookup of catalog.lookup(batch, this.#options)) {
        const named = nameWorkItem(lookup.workItem, lookup);
        const { files } = planFiles(named, lookup.files, this.#options);
        for (const { blobName } of files) open.delete(blobName);
        for (const blobName of leftOutNames(named, lookup, this.#options)) open.delete(blobName);
      }
    }
  }
}

async function* only(
  workItems: AsyncIterable<readonly WorkItem[]>,
  isWanted: (workItem: WorkItem) => boolean,
): AsyncGenerator<readonly WorkItem[]> {
  for await (const batch of workItems) {
    const wanted = batch.filter((workItem) => isWanted(workItem));
    if (wanted.length > 0) yield wanted;
  }
}

function toFinding({ jobId, workItemId, blobName, prefix }: UnexpectedBlob): Finding {
  const why = `the catalog lists no file for this blob, whose name begins with ${prefix}`;
  return { kind: "extra", jobId, workItemId, fileName: undefined, blobName, why };
}
