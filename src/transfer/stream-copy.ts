import { fileDeadlineMs } from "../azure/azure.ts";
import { planBlocks } from "./block-plan.ts";
import { ofOwnWrite } from "./failures.ts";
import { HashThreadDied } from "./hasher.ts";
import { expectLength, expectMd5 } from "./integrity.ts";
import { TaskGroup } from "./task-group.ts";
import { putUnlessThere } from "./put-unless-there.ts";
import { PutContent } from "./put-content.ts";
import type { ReadPart, VersionRange } from "./source.ts";
import { creation, type Job, type TransferTools } from "./tools.ts";
import type { TransferResult } from "./transfer.ts";

/** A longer body takes long for its length, and to send it twice would cost bandwidth. */
const HEDGED_BYTES = 256 * 1024;

/**
 * Read and upload. One read and one PUT for a file of up to a block; ranges and blocks for a larger one, read in order
 * so that the MD5 of the whole is known before the commit. The MD5 is checked against what the source and
 * the catalog state, sent with every put, and stored with the blob.
 *
 * @throws FileFailure
 */
export async function streamCopy(tools: TransferTools, job: Job): Promise<TransferResult> {
  try {
    return await copyThrough(tools, job);
  } catch (thrown) {
    // There is but one such thread: from now on everything is hashed here. The blocks that are staged stay.
    if (thrown instanceof HashThreadDied) return copyThrough(tools, job);
    throw thrown;
  }
}

async function copyThrough(tools: TransferTools, job: Job): Promise<TransferResult> {
  const { blockBytes } = tools.settings;
  // When its length is known, before a buffer is held: others can use that while the service is asked.
  const isLong = (job.file.length ?? 0) > blockBytes;
  const staged = isLong ? await findStaged(tools, job) : undefined;
  const first = await job.source.readPart(undefined);
  try {
    expectLength(job, first.properties);
    return await ofOwnWrite(
      first.properties.length <= blockBytes
        ? putWhole(tools, job, first)
        : putInBlocks(tools, job, first, staged ?? (await findStaged(tools, job))),
    );
  } finally {
    first.release();
  }
}

async function putWhole(tools: TransferTools, job: Job, whole: ReadPart): Promise<TransferResult> {
  const { length } = whole.body;
  const contentMd5 = await tools.hasher.md5(whole.body, job.effort.signal);
  expectMd5(job, whole.properties, contentMd5);
  const mayBeHedged = length <= HEDGED_BYTES;
  const range = { offset: 0, count: length, ifMatch: whole.properties.etag };
  const content = contentOf(job, whole, range, !mayBeHedged);
  try {
    return await putUnlessThere(tools, job, "put-blob", { length, contentMd5 }, async () => {
      const options = creation(tools.settings, job, whole.properties, contentMd5);
      await tools.attempts.run(
        tools.targetGate,
        job.effort,
        "put blob",
        async (pulse) =>
          content.put(pulse, async (body) => tools.writer.putBlob(job.blobName, body, options, pulse)),
        { hedged: options.createOnly && mayBeHedged },
      );
    });
  } finally {
    content.release();
  }
}

/** @param staged ids of the blocks of an earlier try */
async function putInBlocks(
  tools: TransferTools,
  job: Job,
  first: ReadPart,
  staged: ReadonlySet<string>,
): Promise<TransferResult> {
  const { properties } = first;
  job.effort.extend(fileDeadlineMs(properties.length) - fileDeadlineMs(job.file.length ?? 0));
  const { blockIds, contentMd5 } = await stageBlocks(tools, job, first, staged);
  expectMd5(job, properties, contentMd5);
  const content = { length: properties.length, contentMd5 };
  return putUnlessThere(tools, job, "put-blocks", content, async () => {
    const options = creation(tools.settings, job, properties, contentMd5);
    await tools.attempts.run(tools.targetGate, job.effort, "put block list", async (pulse) =>
      tools.writer.putBlockList(job.blobName, blockIds, options, pulse),
    );
  });
}

async function findStaged(tools: TransferTools, job: Job): Promise<ReadonlySet<string>> {
  return ofOwnWrite(
    tools.attempts.run(tools.targetGate, job.effort, "get block list", async (pulse) =>
      tools.writer.uncommittedBlocks(job.blobName, pulse),
    ),
  );
}

/**
 * Reads the whole file, hashes it in order (lanes begin in order), and sends the blocks that are not staged from an
 * earlier try.
 */
async function stageBlocks(
  tools: TransferTools,
  job: Job,
  first: ReadPart,
  staged: ReadonlySet<string>,
): Promise<{ blockIds: string[]; contentMd5: string }> {
  const { length, etag } = first.properties;
  const blocks = planBlocks(length, etag, tools.settings.blockBytes, staged);
  using hash = tools.hasher.begin(blocks[0]?.count ?? 0, job.effort.signal);
  // It is not when the file has so many blocks that the service wants longer ones. Given back before another buffer is
  // asked for: nobody may hold one while he waits for the next.
  const isWholeBlock = first.body.length === blocks[0]?.count;
  if (!isWholeBlock) first.release();
  const lanes = new TaskGroup(tools.settings.blocksAtOnce);
  try {
    for (const block of blocks) {
      const isRead = block.offset === 0 && isWholeBlock;
      const range = { ...block, ifMatch: etag };
      const part = isRead ? first : await job.source.readPart(range);
      const content = contentOf(job, part, range, true);
      await lanes.add(
        async () => {
          const blockMd5 = await hash.add(part.body);
          if (!staged.has(block.id)) await putBlock(tools, job, block.id, content, blockMd5);
        },
        () => content.release(),
      );
    }
  } finally {
    await lanes.settled();
  }
  lanes.throwFirst();
  return { blockIds: blocks.map((block) => block.id), contentMd5: await hash.end() };
}

/** @param mayLetGo no second request with these bytes is made beside the first */
function contentOf(job: Job, part: ReadPart, range: VersionRange, mayLetGo: boolean): PutContent {
  const { source } = job;
  return new PutContent(part, async () => source.readPart(range), mayLetGo && source.readsAgain);
}

async function putBlock(
  tools: TransferTools,
  job: Job,
  id: string,
  content: PutContent,
  contentMd5: string,
): Promise<void> {
  await tools.attempts.run(tools.targetGate, job.effort, "put block", async (pulse) =>
    content.put(pulse, async (body) => tools.writer.putBlock(job.blobName, id, body, contentMd5, pulse)),
  );
}
