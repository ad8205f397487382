import { SdkQueueCalls } from "../../src/azure/queue-calls.ts";
import { SdkBlobReader } from "../../src/azure/sdk-blob-reader.ts";
import { SdkBlobWriter } from "../../src/azure/sdk-blob-writer.ts";
import { Connections } from "../../src/azure/rest/connections.ts";
import { RestBlobReader } from "../../src/azure/rest/rest-blob-reader.ts";
import { RestBlobWriter } from "../../src/azure/rest/rest-blob-writer.ts";
import { RestClient } from "../../src/azure/rest/rest-client.ts";
import { RestQueueCalls } from "../../src/azure/rest/rest-queue-calls.ts";
import { describeCalls } from "./calls-contract.ts";

describeCalls("the SDK", {
  writer: (account, container) => new SdkBlobWriter(account, container),
  reader: (account) => new SdkBlobReader(account),
  queue: (account, name) => new SdkQueueCalls(account, name),
});

const connections = new Connections(() => undefined, 10_000);
describeCalls("REST", {
  writer: (account, container) =>
    new RestBlobWriter(new RestClient(account.credential, connections), account, container),
  reader: (account) => new RestBlobReader(new RestClient(account.credential, connections)),
  queue: (account, name) =>
    new RestQueueCalls(new RestClient(account.credential, connections), account, name),
});
