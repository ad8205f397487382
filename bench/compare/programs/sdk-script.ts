/**
 * A contestant: what a good engineer writes in an hour with the official SDK. A pool of promises over a list, no state:
 *
 *     node sdk-script.ts local FOLDER | server LISTING | stream LISTING
 *
 * `local` uploads the folder's files; `server` has the service copy the listing's blobs, `stream` downloads and uploads
 * them, both with a message a file. The account is that of AZURE_STORAGE_CONNECTION_STRING. The first error ends it.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BlobClient, BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { readListing } from "./read-listing.ts";

const AT_ONCE = 64;
const [way = "", from = ""] = process.argv.slice(2);
const connection = process.env["AZURE_STORAGE_CONNECTION_STRING"] ?? "";
const container = BlobServiceClient.fromConnectionString(connection).getContainerClient("results");
const queue = QueueServiceClient.fromConnectionString(connection).getQueueClient("resultsqueue");
const ways: Readonly<Record<string, () => Promise<void>>> = { local, server, stream };
await container.createIfNotExists();
await ways[way]?.();

async function local(): Promise<void> {
  const names = await readdir(from);
  await eachAtOnce(names, async (name) => {
    await container.getBlockBlobClient(name).uploadFile(join(from, name));
  });
}

async function server(): Promise<void> {
  await queue.createIfNotExists();
  await eachAtOnce(readListing(from), async ({ name, url }) => {
    await container.getBlockBlobClient(name).syncUploadFromURL(url);
    await announce(name);
  });
}

async function stream(): Promise<void> {
  await queue.createIfNotExists();
  await eachAtOnce(readListing(from), async ({ name, url }) => {
    const body = await new BlobClient(url).downloadToBuffer();
    await container.getBlockBlobClient(name).upload(body, body.length);
    await announce(name);
  });
}

async function announce(name: string): Promise<void> {
  const message = JSON.stringify({ container_name: "results", blob_name: name });
  await queue.sendMessage(Buffer.from(message).toString("base64"));
}

async function eachAtOnce<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  // One iterator for all: each worker takes what is next.
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
