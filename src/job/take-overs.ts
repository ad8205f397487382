/** What this machine took over from machines that died, and what that repeated. */
import { choosePartition } from "../core/partition.ts";
import { parentPartition } from "../core/sub-partition.ts";
import type { TakenOver } from "../machines/machine-blob.ts";
import type { FileReport } from "../pipeline/pipeline.ts";

export class TakeOvers {
  readonly #totalPartitions: number;
  readonly #from = new Set<number>();
  #partitions = 0;
  #filesFound = 0;

  constructor(totalPartitions: number) {
    this.#totalPartitions = totalPartitions;
  }

  /** Counts partitions that were taken over now. */
  note(partitions: readonly { readonly partition: number }[]): void {
    this.#partitions += partitions.length;
    // A work item goes by its hash, wherever it was given to.
    for (const { partition } of partitions) this.#from.add(parentPartition(partition));
  }

  /** Takes a file that is done with here: in the target already means that it was compared, and is announced again. */
  noteFile({ outcome, workItem }: Pick<FileReport, "outcome" | "workItem">): void {
    if (outcome !== "already-there" || this.#from.size === 0) return;
    if (this.#from.has(choosePartition(workItem.workItemId, this.#totalPartitions))) this.#filesFound++;
  }

  get told(): TakenOver {
    return { partitions: this.#partitions, filesFound: this.#filesFound };
  }

  /** @returns a line for the end, when there was any */
  describe(): string[] {
    if (this.#partitions === 0) return [];
    const [one, found] = [this.#partitions === 1, this.#filesFound];
    const files = `${found} file${found === 1 ? "" : "s"} of ${one ? "it" : "them"}`;
    return [
      `took over ${this.#partitions} partition${one ? "" : "s"} of machines that died: ${files} ${found === 1 ? "was" : "were"} in the target already`,
    ];
  }
}
