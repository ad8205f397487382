/** What a program does with the official SDK, and all that it is told, in a form that can be compared. */
import { randomUUID } from "node:crypto";
import { BlobServiceClient, type ContainerClient, RestError } from "@azure/storage-blob";
import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";

const NO_RETRIES = { retryOptions: { maxTries: 1 } };
const id = (number: number): string => Buffer.from(`block-${number}`).toString("base64");
const LEASE_ID = "11111111-1111-4111-8111-111111111111";

/** @returns what each step gave, in turn */
export async function sdkStory(connectionString: string): Promise<unknown[]> {
  const name = `t-${randomUUID()}`;
  const container = BlobServiceClient.fromConnectionString(connectionString, NO_RETRIES).getContainerClient(
    name,
  );
  const queue = QueueServiceClient.fromConnectionString(connectionString, NO_RETRIES).getQueueClient(name);
  return [...(await blobStory(container)), ...(await blockStory(container)), ...(await queueStory(queue))];
}

/** The code and status of what fails, or what it gives. */
async function told(step: Promise<unknown>): Promise<unknown> {
  try {
    return await step;
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return { code: error.code, status: error.statusCode };
  }
}

const status = async (step: Promise<{ readonly _response: { readonly status: number } }>): Promise<unknown> =>
  told(step.then(({ _response }) => _response.status));

async function blobStory(container: ContainerClient): Promise<unknown[]> {
  const blob = (name: string) => container.getBlockBlobClient(name);
  const properties = async (name: string): Promise<unknown> => {
    const { contentLength, contentMD5, contentType, metadata, leaseState } = await blob(name).getProperties();
    return {
      contentLength,
      md5: Buffer.from(contentMD5 ?? []).toString("hex"),
      contentType,
      metadata,
      leaseState,
    };
  };
  const story: unknown[] = [await status(container.create()), await container.exists()];
  for (const name of ["a/1", "a/2", "a b/ü&<", "b", "c"]) {
    const options = { metadata: { origin: "here" }, blobHTTPHeaders: { blobContentType: "text/plain" } };
    story.push(await status(blob(name).upload("hello", 5, options)), await properties(name));
  }
  story.push(await told(blob("b").upload("other", 5, { conditions: { ifNoneMatch: "*" } })));
  story.push(await blob("b").exists(), await blob("none").exists(), await told(blob("none").download()));

  const pages = container.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 2 });
  for await (const { segment } of pages) story.push(segment.blobItems.map(listed));
  for await (const item of container.listBlobsByHierarchy("/")) {
    story.push(item.kind === "prefix" ? item.name : listed(item));
  }
  for await (const item of container.listBlobsFlat({ prefix: "a/" })) story.push(item.name);

  const lease = blob("c").getBlobLeaseClient(LEASE_ID);
  story.push((await lease.acquireLease(15)).leaseId, await properties("c"), await told(blob("c").delete()));
  story.push((await lease.renewLease()).leaseId, (await lease.releaseLease()).errorCode);
  story.push(await status(blob("c").delete()), await blob("c").exists());
  for await (const item of container.listBlobsFlat()) story.push(item.name);
  return story;
}

function listed({ name, metadata, properties }: ListedBlob): unknown {
  const { contentLength, contentMD5, contentType, blobType } = properties;
  return {
    name,
    metadata,
    contentLength,
    md5: Buffer.from(contentMD5 ?? []).toString("hex"),
    contentType,
    blobType,
  };
}

interface ListedBlob {
  readonly name: string;
  readonly metadata?: Record<string, string>;
  readonly properties: {
    readonly contentLength?: number;
    readonly contentMD5?: Uint8Array;
    readonly contentType?: string;
    readonly blobType?: string;
  };
}

async function blockStory(container: ContainerClient): Promise<unknown[]> {
  const blob = container.getBlockBlobClient("in blocks");
  const lists = async (): Promise<unknown> => {
    const { committedBlocks, uncommittedBlocks } = await blob.getBlockList("all");
    return { committedBlocks, uncommittedBlocks };
  };
  return [
    await status(blob.stageBlock(id(1), "hello ", 6)),
    await status(blob.stageBlock(id(2), "world", 5)),
    await lists(),
    await told(blob.commitBlockList([id(1), id(3)])),
    await status(
      blob.commitBlockList([id(1), id(2)], { blobHTTPHeaders: { blobContentMD5: Buffer.alloc(16, 7) } }),
    ),
    await lists(),
    (await blob.getProperties()).contentLength,
    await status(blob.uploadData(Buffer.alloc(100_000), { blockSize: 30_000, maxSingleShotSize: 50_000 })),
    (await blob.getProperties()).contentLength,
  ];
}

async function queueStory(queue: QueueClient): Promise<unknown[]> {
  const story: unknown[] = [
    await told(queue.getProperties()),
    await status(queue.create()),
    await queue.exists(),
  ];
  for (const text of ["one", "two & <three>", "", "x".repeat(100)]) {
    story.push(await status(queue.sendMessage(text)));
  }
  story.push((await queue.getProperties()).approximateMessagesCount);
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
  story.push(peekedMessageItems.map(({ messageText, dequeueCount }) => ({ messageText, dequeueCount })));
  const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 3 });
  story.push(receivedMessageItems.map(({ messageText, dequeueCount }) => ({ messageText, dequeueCount })));
  const [first, second] = receivedMessageItems;
  if (first === undefined || second === undefined) return [...story, "nothing came"];
  story.push(await status(queue.deleteMessage(first.messageId, first.popReceipt)));
  story.push(await status(queue.updateMessage(second.messageId, second.popReceipt, "again", 0)));
  const again = await queue.receiveMessages({ numberOfMessages: 32 });
  story.push(again.receivedMessageItems.map(({ messageText }) => messageText).toSorted());
  story.push((await queue.getProperties()).approximateMessagesCount, await status(queue.delete()));
  return story;
}
