import {
  type CopySourceOf,
  ServiceFailure,
  type SourceLink,
  fileDeadlineMs,
  transferTimeMs,
} from "../azure/azure.ts";
import { type BlobAttributes, isEmpty } from "../core/blob-attributes.ts";
import { linkHasBegun } from "./blob-source.ts";
import { planBlocks } from "./block-plan.ts";
import { ofSource, saysCannotReadSource, saysNotImplemented, saysTooLarge } from "./failures.ts";
import { expectLength, statedMd5 } from "./integrity.ts";
import { TaskGroup } from "./task-group.ts";
import { putUnlessThere } from "./put-unless-there.ts";
import { creation, type Job, type TransferTools } from "./tools.ts";
import type { TransferResult } from "./transfer.ts";

/** Put Blob From URL copies the source's metadata unless some are given: without any it cannot make the blob. */
function hasUnwantedMetadata({ metadata }: BlobAttributes, { looked }: Job): boolean {
  return metadata !== "source" && isEmpty(metadata) && !isEmpty(looked?.metadata ?? {});
}

/**
 * The service reads the source itself: Put Blob From URL, or Put Block From URL for what is larger. Remembers what this
 * target does not implement and which source accounts it cannot reach.
 */
export class ServerCopy {
  readonly #tools: TransferTools;
  /** Source accounts that we can read and the target's service cannot. */
  readonly #unreachable = new Set<string>();
  readonly #notImplemented = new Set<"put-blob-from-url" | "put-block-from-url">();

  constructor(tools: TransferTools) {
    this.#tools = tools;
  }

  /**
   * @param hasWaited its link's beginning was waited for
   * @returns the result; undefined when the service cannot copy this file itself, so that it is to be streamed
   * @throws ServiceFailure of the target; FileFailure
   */
  async copy(job: Job, hasWaited = false): Promise<TransferResult | undefined> {
    const { link } = job.source;
    if (link?.copySource === undefined || this.#unreachable.has(link.accountUrl)) return undefined;
    const { copySource } = link;
    try {
      return await this.#copyFrom(copySource, job);
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure) || !saysCannotReadSource(thrown)) throw thrown;
      if (!hasWaited && (await linkHasBegun(this.#tools.surroundings, link, thrown, job.effort.signal)))
        return this.copy(job, true);
      await this.#readOnce(job, link);
      this.#unreachable.add(link.accountUrl);
      return undefined;
    }
  }

  #copyFrom(copySource: CopySourceOf, job: Job): Promise<TransferResult | undefined> {
    const { serverCopyLimit, attributes } = this.#tools.settings;
    const isLarge = (job.file.length ?? 0) > serverCopyLimit;
    const mustBlock = isLarge || hasUnwantedMetadata(attributes, job);
    return mustBlock ? this.#inBlocks(job, copySource) : this.#whole(job, copySource);
  }

  async #whole(job: Job, sourceOf: CopySourceOf): Promise<TransferResult | undefined> {
    if (this.#notImplemented.has("put-blob-from-url")) return undefined;
    const { attempts, settings, targetGate, writer } = this.#tools;
    const { length, contentMd5 } = job.file;
    try {
      return await putUnlessThere(this.#tools, job, "put-blob-from-url", { length, contentMd5 }, () => {
        // The service keeps the source's MD5, if it has one. What nobody can read later must have one to be compared by.
        const keptMd5 = settings.attributes.tier === "archive" ? contentMd5 : undefined;
        const options = creation(settings, job, undefined, keptMd5);
        return attempts.run(
          targetGate,
          job.effort,
          "put blob from url",
          async (pulse) => {
            const source = { ...(await sourceOf(pulse)), contentMd5 };
            await writer.putBlobFromUrl(job.blobName, source, options, pulse);
          },
          { quietMs: transferTimeMs(length ?? 0), hedged: options.createOnly },
        );
      });
    } catch (thrown) {
      if (thrown instanceof ServiceFailure && saysTooLarge(thrown)) return this.#inBlocks(job, sourceOf);
      return this.#unlessNotImplemented("put-blob-from-url", thrown);
    }
  }

  async #inBlocks(job: Job, sourceOf: CopySourceOf): Promise<TransferResult | undefined> {
    if (this.#notImplemented.has("put-block-from-url")) return undefined;
    const { attempts, settings, targetGate, writer } = this.#tools;
    const properties = job.looked ?? (await job.source.properties());
    const { length } = properties;
    expectLength(job, properties);
    const contentMd5 = statedMd5(job, properties);
    job.effort.extend(fileDeadlineMs(length) - fileDeadlineMs(job.file.length ?? 0));
    try {
      const blockIds = await this.#stage(job, sourceOf, length, properties.etag);
      return await putUnlessThere(
        this.#tools,
        job,
        "put-block-from-url",
        { length, contentMd5 },
        async () => {
          const options = creation(settings, job, properties, contentMd5);
          await attempts.run(targetGate, job.effort, "put block list", async (pulse) =>
            writer.putBlockList(job.blobName, blockIds, options, pulse),
          );
        },
      );
    } catch (thrown) {
      return this.#unlessNotImplemented("put-block-from-url", thrown);
    }
  }

  async #stage(job: Job, sourceOf: CopySourceOf, length: number, etag: string): Promise<string[]> {
    const { attempts, settings, targetGate, writer } = this.#tools;
    const staged = await attempts.run(targetGate, job.effort, "get block list", async (pulse) =>
      writer.uncommittedBlocks(job.blobName, pulse),
    );
    const blocks = planBlocks(length, etag, settings.serverBlockBytes, staged);
    const lanes = new TaskGroup(settings.blocksAtOnce);
    try {
      for (const block of blocks) {
        if (staged.has(block.id)) continue;
        await lanes.add(async () =>
          attempts.run(
            targetGate,
            job.effort,
            "put block from url",
            async (pulse) => {
              const source = await sourceOf(pulse);
              const range = { ...block, ifMatch: etag };
              await writer.putBlockFromUrl(job.blobName, block.id, source, range, pulse);
            },
            { quietMs: transferTimeMs(block.count) },
          ),
        );
      }
    } finally {
      await lanes.settled();
    }
    lanes.throwFirst();
    return blocks.map((block) => block.id);
  }

  #unlessNotImplemented(rung: "put-blob-from-url" | "put-block-from-url", thrown: unknown): undefined {
    if (!(thrown instanceof ServiceFailure) || !saysNotImplemented(thrown)) throw thrown;
    this.#notImplemented.add(rung);
    return undefined;
  }

  /** One GET by us tells whether it is the source or the way to it. @throws FileFailure the source's own answer */
  async #readOnce(job: Job, link: SourceLink): Promise<void> {
    const { attempts, reader, sourceGate } = this.#tools;
    const gate = sourceGate(link.accountUrl);
    const read = attempts.run(gate, job.effort, "read source", async (pulse) => {
      const opened = await reader.open(link.read, undefined, pulse);
      opened.close();
    });
    await ofSource(read);
  }
}
