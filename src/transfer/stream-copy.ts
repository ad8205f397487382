import { createHash, hash } from "node:crypto";
import type { BlobProperties, Range } from "../azure/blob-calls.ts";
import { fileDeadlineMs } from "../azure/effort.ts";
import { planBlocks } from "./block-plan.ts";
import { ofSource, ofTarget } from "./failures.ts";
import { expectLength, expectMd5 } from "./integrity.ts";
import { Lanes } from "./lanes.ts";
import { putUnlessThere } from "./put-unless-there.ts";
import { creation, type Job, type TransferTools } from "./tools.ts";
import type { TransferResult } from "./transfer.ts";

/** Bytes read from the source, in a buffer that counts against the budget until it is given back. */
interface ReadPart {
  readonly properties: BlobProperties;
  readonly body: Buffer;
  readonly release: () => void;
}

/**
 * Download and upload. One GET and one PUT for a file of up to a block; ranged GETs and blocks for a larger one, read
 * in order so that the MD5 of the whole is known before the commit. The MD5 is checked against what the source and
 * the catalog state, sent with every put, and stored with the blob.
 *
 * @throws FileFailure
 */
export async function streamCopy(tools: TransferTools, job: Job): Promise<TransferResult> {
  const first = await readPart(tools, job, undefined);
  try {
    expectLength(job, first.properties);
    return await ofTarget(
      first.properties.length <= tools.settings.blockBytes
        ? putWhole(tools, job, first)
        : putInBlocks(tools, job, first),
    );
  } finally {
    first.release();
  }
}

async function putWhole(tools: TransferTools, job: Job, whole: ReadPart): Promise<TransferResult> {
  const contentMd5 = hash("md5", whole.body, "base64");
  expectMd5(job, whole.properties, contentMd5);
  const { length } = whole.body;
  return putUnlessThere(tools, job, "put-blob", { length, contentMd5 }, async () => {
    const options = creation(tools.settings, job, whole.properties, contentMd5);
    await tools.attempts.run(tools.targetGate, job.effort, "put blob", async (pulse) =>
      tools.writer.putBlob(job.blobName, whole.body, options, pulse),
    );
  });
}

async function putInBlocks(tools: TransferTools, job: Job, first: ReadPart): Promise<TransferResult> {
  const { properties } = first;
  job.effort.extend(fileDeadlineMs(properties.length) - fileDeadlineMs(job.file.length ?? 0));
  const { blockIds, contentMd5 } = await stageBlocks(tools, job, first);
  expectMd5(job, properties, contentMd5);
  const content = { length: properties.length, contentMd5 };
  return putUnlessThere(tools, job, "put-blocks", content, async () => {
    const options = creation(tools.settings, job, properties, contentMd5);
    await tools.attempts.run(tools.targetGate, job.effort, "put block list", async (pulse) =>
      tools.writer.putBlockList(job.blobName, blockIds, options, pulse),
    );
  });
}

/** Reads the whole file in order, for its MD5, and sends the blocks that are not staged from an earlier try. */
async function stageBlocks(
  tools: TransferTools,
  job: Job,
  first: ReadPart,
): Promise<{ blockIds: string[]; contentMd5: string }> {
  const { length, etag } = first.properties;
  const staged = await tools.attempts.run(tools.targetGate, job.effort, "get block list", async (pulse) =>
    tools.writer.uncommittedBlocks(job.blobName, pulse),
  );
  const blocks = planBlocks(length, etag, tools.settings.blockBytes, staged);
  const md5 = createHash("md5");
  const lanes = new Lanes(tools.settings.blocksAtOnce);
  try {
    for (const block of blocks) {
      const part = block.offset === 0 ? first : await readPart(tools, job, { ...block, ifMatch: etag });
      md5.update(part.body);
      if (staged.has(block.id)) part.release();
      else await lanes.add(async () => putBlock(tools, job, block.id, part), part.release);
    }
  } finally {
    await lanes.settled();
  }
  lanes.throwFirst();
  return { blockIds: blocks.map((block) => block.id), contentMd5: md5.digest("base64") };
}

async function putBlock(tools: TransferTools, job: Job, id: string, part: ReadPart): Promise<void> {
  const contentMd5 = hash("md5", part.body, "base64");
  await tools.attempts.run(tools.targetGate, job.effort, "put block", async (pulse) =>
    tools.writer.putBlock(job.blobName, id, part.body, contentMd5, pulse),
  );
}

/**
 * Reads one part of the source: the given range of the version that `ifMatch` names, or from the start as much as one
 * block holds.
 */
async function readPart(
  tools: TransferTools,
  job: Job,
  range: (Range & { readonly ifMatch: string }) | undefined,
): Promise<ReadPart> {
  const gate = tools.sourceGate(job.link.accountUrl);
  return ofSource(
    tools.attempts.run(gate, job.effort, "read source", async (pulse) => {
      const opened = await tools.reader.open(job.link.read, range, pulse);
      const { properties } = opened;
      const count = range?.count ?? Math.min(properties.length, tools.settings.blockBytes);
      let release = () => {};
      try {
        release = await pulse.hold(tools.budget.acquire(count, pulse.signal));
        return { properties, body: await opened.take(count), release };
      } catch (thrown) {
        release();
        throw thrown;
      } finally {
        opened.close();
      }
    }),
  );
}
