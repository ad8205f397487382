/**
 * A contestant: the algorithm of the Python tool that reupload replaces, kept faithfully but for its language:
 *
 *     node original.ts CSV LISTING WORK_ITEMS_AT_ONCE FILES_OF_EACH_AT_ONCE
 *
 * Nested pools: so many work items are open, each with a pool of its own for its files, whose slots stand idle once it
 * runs out of files. For each file: ask whether the blob exists, download it, upload it, send a message; and five
 * commits to SQLite, which is as it comes (rollback journal, synchronous FULL). They are made one after the other, as
 * Python's were under their lock, in a thread of their own, as Python's let other threads run while the disk syncs.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { BlobClient, BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { buffer } from "node:stream/consumers";
import type { Commit } from "./original-state.ts";
import { type ListedFile, readListing } from "./read-listing.ts";

const [csv = "", listing = "", workItemsAtOnce = "2", filesAtOnce = "25"] = process.argv.slice(2);
const connection = process.env["AZURE_STORAGE_CONNECTION_STRING"] ?? "";
const container = BlobServiceClient.fromConnectionString(connection).getContainerClient("results");
const queue = QueueServiceClient.fromConnectionString(connection).getQueueClient("resultsqueue");

const state = new Worker(new URL("original-state.ts", import.meta.url));
const waiting: (() => void)[] = [];
// It answers in the order in which it is asked.
state.on("message", () => waiting.shift()?.());

await container.createIfNotExists();
await queue.createIfNotExists();
const filesOf = Map.groupBy(readListing(listing), ({ workItem }) => workItem);
await eachAtOnce(workItemsOf(csv), Number(workItemsAtOnce), async (workItem) => {
  const files = filesOf.get(workItem) ?? [];
  await commit({ what: "work item opened", workItem, files: files.length });
  await eachAtOnce(files, Number(filesAtOnce), moveFile);
  await commit({ what: "work item completed", workItem });
});
state.postMessage("end");
await once(state, "exit");

async function moveFile({ workItem, name, url }: ListedFile): Promise<void> {
  const file = { workItem, name, url };
  await commit({ what: "file found", ...file });
  await commit({ what: "file begun", ...file });
  const blob = container.getBlockBlobClient(name);
  if (!(await blob.exists())) {
    const { readableStreamBody } = await new BlobClient(url).download();
    if (readableStreamBody === undefined) throw new Error(`${url} has no body`);
    const body = await buffer(readableStreamBody);
    await blob.upload(body, body.length);
    await commit({ what: "file uploaded", ...file });
    const message = JSON.stringify({ container_name: "results", blob_name: name });
    await queue.sendMessage(Buffer.from(message).toString("base64"));
  }
  await commit({ what: "file completed", ...file });
  await commit({ what: "work item counted", workItem });
}

/** Waits until it is on the disk. */
async function commit(one: Commit): Promise<void> {
  state.postMessage(one);
  await new Promise<void>((resolve) => waiting.push(resolve));
}

function workItemsOf(path: string): string[] {
  const [, ...rows] = readFileSync(path, "utf8").trimEnd().split("\n");
  return rows.map((row) => row.split(",")[1] ?? "");
}

async function eachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
