/** Every call of ours on a new container and queue, told as what a service must give the same for. */
import { randomUUID } from "node:crypto";
import { parseConnectionString } from "../../src/azure/account.ts";
import type { AttemptContext } from "../../src/azure/attempts/attempt-clock.ts";
import { RestBlobLister } from "../../src/azure/calls/rest-blob-lister.ts";
import { RestBlobReader } from "../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import { RestQueueCalls } from "../../src/azure/calls/rest-queue-calls.ts";
import {
  createContainer,
  createQueue,
  lookAtContainer,
  queueDepth,
} from "../../src/azure/calls/target-calls.ts";
import { Secret } from "../../src/core/secret.ts";
import { CREATE } from "../azure/calls-contract.ts";
import { bare, restTo } from "../azure/support.ts";
import { md5Of } from "../transfer/support.ts";

/** @returns what was told, step by step; an answer that is not as promised is an error */
export async function ourStory(connectionString: string): Promise<unknown[]> {
  const client = restTo(parseConnectionString(new Secret(connectionString)));
  const name = `t-${randomUUID()}`;
  const writer = new RestBlobWriter(client, name);
  const reader = new RestBlobReader(client);
  const told: unknown[] = [];
  const step = async (call: (pulse: AttemptContext) => Promise<unknown>): Promise<void> =>
    void told.push(await bare(call));

  await step(async (pulse) => createContainer(client, name, pulse));
  await step(async (pulse) => lookAtContainer(client, name, pulse));
  const body = Buffer.from("0123456789");
  for (const blob of ["a/b c&<d>.json", "e"]) {
    await step(async (pulse) => writer.putBlob(blob, body, { ...CREATE, contentMd5: md5Of(body) }, pulse));
  }
  await step(async (pulse) => writer.putBlock("blocks", "AAA=", body, md5Of(body), pulse));
  await step(async (pulse) => writer.uncommittedBlocks("blocks", pulse));
  await step(async (pulse) => writer.putBlockList("blocks", ["AAA="], CREATE, pulse));
  const access = { url: writer.blobUrl("e"), as: "account" } as const;
  const { etag } = await bare(async (pulse) => reader.properties(access, pulse));
  for (const range of [undefined, { offset: 2, count: 3, ifMatch: etag }]) {
    await step(async (pulse) => {
      const opened = await reader.open(access, range, pulse);
      const pieces = await Array.fromAsync(opened.chunks());
      // The simulator keeps no bytes, only how many there were.
      return Buffer.concat(pieces).length;
    });
  }
  const container = { url: `${client.account.blobEndpoint}/${name}`, as: "account" } as const;
  const lister = new RestBlobLister(client);
  await step(async (pulse) => {
    const first = await lister.page(container, { prefix: "", most: 2 }, pulse);
    const rest = await lister.page(container, { prefix: "", from: first.next, most: 2 }, pulse);
    const blobs = [...first.blobs, ...rest.blobs];
    return blobs.map((blob) => ({ ...blob, etag: blob.etag !== "", lastModified: blob.lastModified > 0 }));
  });
  await step(async (pulse) => createQueue(client, name, pulse));
  await step(async (pulse) => createQueue(client, name, pulse));
  await step(async (pulse) => new RestQueueCalls(client, name).putMessage("eA==", -1, pulse));
  await step(async (pulse) => queueDepth(client, name, pulse));
  return told;
}
