/**
 * The calls on the target's container and queue as a whole; one call is one HTTP request. What is not there is answered
 * with 404.
 */
import type { Pairs } from "../../core/blob-attributes.ts";
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import { tagHeader } from "./rest-blob-writer.ts";
import type { RestClient } from "../wire/rest-client.ts";

/** Get Container Properties. @throws RefusedRequest when it is not there or may not be seen; what `RestClient.send` throws */
export async function lookAtContainer(
  client: RestClient,
  container: string,
  pulse: AttemptContext,
): Promise<void> {
  await client.send(
    {
      call: "get container properties",
      method: "GET",
      url: containerUrl(client, container),
      as: "account",
      headers: [],
    },
    pulse,
  );
}

/** Create Container. @throws RefusedRequest `ContainerAlreadyExists`; what `RestClient.send` throws */
export async function createContainer(
  client: RestClient,
  container: string,
  pulse: AttemptContext,
): Promise<void> {
  await client.send(
    {
      call: "create container",
      method: "PUT",
      url: containerUrl(client, container),
      as: "account",
      headers: [],
    },
    pulse,
  );
}

/**
 * Get Queue Metadata.
 *
 * @returns about how many messages the queue holds
 * @throws as `lookAtContainer` does
 */
export async function queueDepth(client: RestClient, queue: string, pulse: AttemptContext): Promise<number> {
  const url = `${queueUrl(client, queue)}?comp=metadata`;
  const request = { call: "get queue metadata", method: "GET", url, as: "account", headers: [] } as const;
  const { head } = await client.send(request, pulse);
  return Number(head.header("x-ms-approximate-messages-count"));
}

/** Create Queue; one that is there with the same metadata is a success. @throws as `createContainer` does */
export async function createQueue(client: RestClient, queue: string, pulse: AttemptContext): Promise<void> {
  const url = queueUrl(client, queue);
  await client.send({ call: "create queue", method: "PUT", url, as: "account", headers: [] }, pulse);
}

/**
 * An empty Put Blob on the condition that a blob that cannot be there has a certain ETag: refused with 412 for who may
 * write, and for all others before that. With `tags` also for who may not write tags.
 */
export async function putImpossibleBlob(
  client: RestClient,
  {
    container,
    name,
    tags = {},
  }: { readonly container: string; readonly name: string; readonly tags?: Pairs | undefined },
  pulse: AttemptContext,
): Promise<void> {
  const url = `${client.account.blobEndpoint}/${container}/${name}`;
  const headers = ["x-ms-blob-type", "BlockBlob", "if-match", '"0x0"', ...tagHeader(tags)];
  const body = Buffer.alloc(0);
  await client.send({ call: "put blob", method: "PUT", url, as: "account", headers, body }, pulse);
}

/** A Put Message that would be hidden for longer than it lives: refused with 400 for who may send. */
export async function putImpossibleMessage(
  client: RestClient,
  queue: string,
  pulse: AttemptContext,
): Promise<void> {
  const url = `${queueUrl(client, queue)}/messages?visibilitytimeout=2&messagettl=1`;
  const body = Buffer.from("<QueueMessage><MessageText/></QueueMessage>");
  const headers = ["content-type", "application/xml"];
  await client.send({ call: "put message", method: "POST", url, as: "account", headers, body }, pulse);
}

function containerUrl({ account }: RestClient, container: string): string {
  return `${account.blobEndpoint}/${container}?restype=container`;
}

function queueUrl({ account }: RestClient, queue: string): string {
  return `${account.queueEndpoint}/${queue}`;
}
