import type { BlobProperties } from "../azure/azure.ts";
import { type FailureCode, FileFailure } from "../core/failure.ts";
import { Reservoir } from "../core/reservoir.ts";
import type { CatalogFile } from "../core/file.ts";
import { compareWithTarget } from "./compare.ts";
import { type Job, makeJob, type TransferTools } from "./tools.ts";
import type { Transfer, TransferredFile } from "./transfer.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** How many of the files are looked at. */
const SAMPLE_SIZE = 100;
/** At once. */
const LOOKS_AT_ONCE = 10;

/** A file that would be transferred. */
interface Planned {
  readonly file: CatalogFile;
  readonly blobName: string;
}

/** What a look at some of the files found. looked = absent + same + different + unreadable */
export interface SampleFindings {
  readonly looked: number;
  /** Not in the target, and the source can be read. */
  readonly absent: number;
  /** In the target with the same length, and the same MD5 where both have one. */
  readonly same: number;
  readonly different: number;
  /** The source cannot be read. */
  readonly unreadable: number;
  /** Of different and unreadable ones, up to five. */
  readonly examples: readonly {
    readonly blobName: string;
    readonly code: FailureCode;
    readonly message: string;
  }[];
}

/** A transfer that transfers nothing (`--dry-run`): it adds up what would be done, and keeps a fair sample of it. */
export class DryRunTransfer implements Transfer {
  files = 0;
  /** Of those whose length the catalog gives. */
  bytes = 0;
  filesOfUnknownLength = 0;
  readonly #sample: Reservoir<Planned>;

  constructor(surroundings: Surroundings) {
    this.#sample = new Reservoir(SAMPLE_SIZE, () => surroundings.random());
  }

  async transfer(file: CatalogFile, blobName: string): Promise<TransferredFile> {
    this.files++;
    if (file.length === undefined) this.filesOfUnknownLength++;
    else this.bytes += file.length;
    this.#sample.offer({ file, blobName });
    return { outcome: "copied", bytes: file.length, method: "none", attempts: 1, existingSince: undefined };
  }

  /**
   * Looks at source and target of the sample.
   *
   * @param hasContainer false: the target's container is not there, and is not asked for the blobs
   * @throws ReuploadError when a service as a whole is gone; FileFailure when the target may not be read
   */
  async look(tools: TransferTools, signal: AbortSignal, hasContainer = true): Promise<SampleFindings> {
    const found = { looked: 0, absent: 0, same: 0, different: 0, unreadable: 0 };
    const examples: SampleFindings["examples"][number][] = [];
    const queue = this.#sample.items.values();
    const lookAtNext = async () => {
      for (const planned of queue) {
        const { outcome, code, message } = await lookAt(tools, planned, { signal, hasContainer });
        found.looked++;
        found[outcome]++;
        if (code !== undefined && examples.length < 5) {
          examples.push({ blobName: planned.blobName, code, message });
        }
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lookAtNext));
    return { ...found, examples };
  }
}

interface Look {
  readonly outcome: "absent" | "same" | "different" | "unreadable";
  readonly code?: FailureCode;
  readonly message: string;
}

async function lookAt(
  tools: TransferTools,
  { file, blobName }: Planned,
  { signal, hasContainer }: { readonly signal: AbortSignal; readonly hasContainer: boolean },
): Promise<Look> {
  let source: BlobProperties;
  let job: Job;
  try {
    job = makeJob(tools, file, blobName, { signal });
    source = await job.source.properties();
  } catch (thrown) {
    if (!(thrown instanceof FileFailure)) throw thrown;
    return { outcome: "unreadable", code: thrown.code, message: thrown.message };
  }
  if (!hasContainer) return { outcome: "absent", message: "" };
  const { length, contentMd5 } = source;
  const known = { length, contentMd5: file.contentMd5 ?? contentMd5 };
  const expected = { blobName, known, source: undefined, effort: job.effort };
  const compared = await compareWithTarget(tools, expected, "properties");
  if (compared.kind !== "different") return { outcome: compared.kind, message: "" };
  const message = `the target has it with other content: ${compared.how}`;
  return { outcome: "different", code: "conflict", message };
}
