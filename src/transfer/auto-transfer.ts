import { isEmpty } from "../core/blob-attributes.ts";
import type { CatalogFile } from "../core/file.ts";
import { FileFailure } from "../core/failure.ts";
import type { WorkSignals } from "../core/waits.ts";
import { ofTarget } from "./failures.ts";
import { ServerCopy } from "./server-copy.ts";
import { streamCopy } from "./stream-copy.ts";
import { type Job, makeJob, type TransferSettings, type TransferTools } from "./tools.ts";
import type { Transfer, TransferResult } from "./transfer.ts";

/**
 * Picks the way that costs least and works: Put Blob From URL, Put Block From URL for larger files, download and
 * upload. `--transfer server` refuses the last, `--transfer stream` the first two.
 */
export class AutoTransfer implements Transfer {
  readonly #tools: TransferTools;
  readonly #serverCopy: ServerCopy;

  constructor(tools: TransferTools) {
    this.#tools = tools;
    this.#serverCopy = new ServerCopy(tools);
  }

  async transfer(file: CatalogFile, blobName: string, options: WorkSignals): Promise<TransferResult> {
    const job = makeJob(this.#tools, file, blobName, options);
    if (mustLookFirst(this.#tools.settings, job)) job.looked = await job.source.properties();
    if (this.#tools.settings.mode !== "stream") {
      const result = await ofTarget(this.#serverCopy.copy(job));
      if (result !== undefined) return result;
      if (this.#tools.settings.mode === "server") {
        throw new FileFailure("source-forbidden", "the target's service cannot read this source itself", {
          attempts: job.effort.attempts,
        });
      }
    }
    return streamCopy(this.#tools, job);
  }
}

/** A download does not tell the tier, and Put Blob From URL cannot be told to leave the source's metadata out. */
function mustLookFirst({ attributes, mode }: TransferSettings, { source }: Job): boolean {
  const { tier, metadata } = attributes;
  if (tier === "source") return true;
  return (
    metadata !== "source" && isEmpty(metadata) && mode !== "stream" && source.link?.copySource !== undefined
  );
}
