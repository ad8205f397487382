/** A target and a catalog in memory, for verifications: what each holds, and what was asked of them. */
import type { Catalog, Lookup } from "../../src/catalog/catalog.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { parseNameTemplate } from "../../src/core/target-name.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { Turns } from "../../src/proof/turns.ts";
import { nothingSeen, type VerifyDoors, type VerifyOptions } from "../../src/proof/verify.ts";
import { compareKnown } from "../../src/transfer/compare.ts";
import type { FileCheck, TargetBlob, TargetCheck } from "../../src/transfer/transfer.ts";

export class MemoryTarget implements TargetCheck {
  readonly blobs = new Map<string, TargetBlob>();
  readonly asked: string[] = [];
  readonly cost = { lists: 0, looks: 0, reads: 0, bytesRead: 0 };
  pageBlobs = 5_000;

  put(name: string, parts: Partial<TargetBlob> = {}): this {
    this.blobs.set(name, {
      name,
      length: 1,
      contentMd5: undefined,
      contentType: "application/json",
      ...parts,
    });
    return this;
  }

  async *list(prefix: string) {
    const found = [...this.blobs.values()].filter(({ name }) => name.startsWith(prefix));
    for (let at = 0; at === 0 || at < found.length; at += this.pageBlobs) {
      this.asked.push(`list ${prefix}`);
      const isLast = at + this.pageBlobs >= found.length;
      yield { blobs: found.slice(at, at + this.pageBlobs), isLast };
    }
  }

  judge(file: CatalogFile, there: TargetBlob): FileCheck {
    return compareKnown(there, file);
  }

  async look(file: CatalogFile, blobName: string): Promise<FileCheck> {
    this.asked.push(`look ${blobName}`);
    const there = this.blobs.get(blobName);
    return there === undefined ? { kind: "missing" } : this.judge(file, there);
  }
}

/** Work items by id, each with its name in the catalog and its files' names. */
export type CatalogContent = Readonly<
  Record<string, { readonly name: string; readonly files: readonly string[] }>
>;

export function memoryCatalog(
  content: CatalogContent,
): Pick<Catalog, "lookup" | "batchSize"> & { looked: string[] } {
  const looked: string[] = [];
  return {
    batchSize: 2,
    looked,
    async *lookup(workItems): AsyncGenerator<Lookup> {
      // In another order than asked.
      for (const workItem of workItems.toReversed()) {
        looked.push(workItem.workItemId);
        const found = content[workItem.workItemId];
        const files = (found?.files ?? []).map((fileName) => ({
          fileName,
          uri: `https://a.blob.core.windows.net/s/${workItem.workItemId}/${fileName}`,
          length: 1,
        }));
        yield { workItem, workItemName: found?.name ?? "", files, problems: [] };
      }
    },
  };
}

export const workItem = (workItemId: string, workItemName = ""): WorkItem => ({
  jobId: "j",
  workItemId,
  workItemName,
});

/** In batches of one. */
export async function* each(workItems: readonly WorkItem[]): AsyncGenerator<readonly WorkItem[]> {
  for (const one of workItems) yield [one];
}

export const OPTIONS: VerifyOptions = {
  template: parseNameTemplate("{workItemName}-{fileBaseName}"),
  onCollision: "report",
  depth: "properties",
  signal: new AbortController().signal,
};

export function doorsOf(target: TargetCheck, content: CatalogContent): VerifyDoors {
  return {
    catalog: memoryCatalog(content),
    target,
    records: undefined,
    turns: new Turns(4),
    seen: nothingSeen(),
  };
}
