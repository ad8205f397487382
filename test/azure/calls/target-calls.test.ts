import { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConnectionString, type StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import type { RestClient } from "../../../src/azure/wire/rest-client.ts";
import {
  createContainer,
  createQueue,
  lookAtContainer,
  putImpossibleBlob,
  putImpossibleMessage,
  queueDepth,
} from "../../../src/azure/calls/target-calls.ts";
import { Secret } from "../../../src/core/secret.ts";
import { emulator } from "../../support/azurite.ts";
import { asStorage, startStub, type StubServer } from "../../support/stub-server.ts";
import { once } from "../calls-contract.ts";
import { blobPipeline } from "../sdk/pipelines.ts";
import { queuePipeline } from "../sdk/queue-pipeline.ts";
import { restTo, thrownBy } from "../support.ts";
import { accountAt, essence } from "../wire/wire.ts";

let stub: StubServer;
let stubAccount: StorageAccount;
beforeAll(async () => {
  stub = await startStub(({ method }) =>
    asStorage({
      status: method === "POST" ? 400 : method === "PUT" ? 201 : 200,
      headers: { "x-ms-approximate-messages-count": "7", "content-length": "0" },
    }),
  );
  stubAccount = accountAt(stub);
});
afterAll(() => stub.stop());

const containerBySdk = (): ContainerClient =>
  new ContainerClient(`${stubAccount.blobEndpoint}/c`, blobPipeline(stubAccount.credential));
const blobBySdk = (): BlockBlobClient =>
  new BlockBlobClient(`${stubAccount.blobEndpoint}/c/b`, blobPipeline(stubAccount.credential));
const queueBySdk = (): QueueClient =>
  new QueueClient(`${stubAccount.queueEndpoint}/q`, queuePipeline(stubAccount.credential));

/** Each call as the SDK makes it, and as we do. */
const CALLS: Record<
  string,
  readonly [
    (abortSignal: AbortSignal) => Promise<unknown>,
    (client: RestClient, pulse: AttemptContext) => Promise<unknown>,
  ]
> = {
  "get container properties": [
    async (abortSignal) => containerBySdk().getProperties({ abortSignal }),
    async (client, pulse) => lookAtContainer(client, "c", pulse),
  ],
  "create container": [
    async (abortSignal) => containerBySdk().create({ abortSignal }),
    async (client, pulse) => createContainer(client, "c", pulse),
  ],
  "get queue metadata": [
    async (abortSignal) => queueBySdk().getProperties({ abortSignal }),
    async (client, pulse) => queueDepth(client, "q", pulse),
  ],
  "create queue": [
    async (abortSignal) => queueBySdk().create({ abortSignal }),
    async (client, pulse) => createQueue(client, "q", pulse),
  ],
  "put blob that must be refused": [
    async (abortSignal) => blobBySdk().upload("", 0, { conditions: { ifMatch: '"0x0"' }, abortSignal }),
    async (client, pulse) => putImpossibleBlob(client, { container: "c", name: "b" }, pulse),
  ],
  "put message that must be refused": [
    async (abortSignal) =>
      thrownBy(queueBySdk().sendMessage("", { messageTimeToLive: 1, visibilityTimeout: 2, abortSignal })),
    async (client, pulse) => thrownBy(putImpossibleMessage(client, "q", pulse)),
  ],
};

describe("a call on the target as a whole goes over the wire as the SDK sends it", () => {
  it.each(Object.entries(CALLS))("%s", async (_, [bySdk, byUs]) => {
    const before = stub.requests.length;
    await once(async (pulse) => bySdk(pulse.signal));
    await once(async (pulse) => byUs(restTo(stubAccount), pulse));
    const [theirs, ours, ...more] = stub.requests.slice(before).map(essence);
    expect(more).toEqual([]);
    if (theirs === undefined || ours === undefined) throw new Error("a request is missing");
    expect(ours).toEqual(theirs);
  });
});

describe("on the emulator", () => {
  const storage = emulator();
  const client = restTo(parseConnectionString(new Secret(storage.connectionString)));
  const answerTo = async (call: (pulse: AttemptContext) => Promise<unknown>) => {
    const thrown = await thrownBy(once(call));
    return (thrown as { answer?: unknown }).answer;
  };

  it("a container is told to be there once it was made, and cannot be made twice", async () => {
    const name = storage.uniqueName();
    const look = async (pulse: AttemptContext): Promise<void> => lookAtContainer(client, name, pulse);
    const create = async (pulse: AttemptContext): Promise<void> => createContainer(client, name, pulse);
    expect(await answerTo(look)).toEqual({ status: 404, errorCode: "ContainerNotFound" });
    await once(create);
    await once(look);
    expect(await answerTo(create)).toEqual({ status: 409, errorCode: "ContainerAlreadyExists" });
  });

  it("a queue tells how many messages it holds, and may be made twice", async () => {
    const name = storage.uniqueName();
    const depth = async (pulse: AttemptContext): Promise<number> => queueDepth(client, name, pulse);
    expect(await answerTo(depth)).toEqual({ status: 404, errorCode: "QueueNotFound" });
    await once(async (pulse) => createQueue(client, name, pulse));
    expect(await once(depth)).toBe(0);
    await storage.queue(name).sendMessage("one");
    await storage.queue(name).sendMessage("two");
    await once(async (pulse) => createQueue(client, name, pulse));
    expect(await once(depth)).toBe(2);
  });
});
