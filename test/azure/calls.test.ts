import { RestBlobReader } from "../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import { RestQueueCalls } from "../../src/azure/calls/rest-queue-calls.ts";
import { describeCalls } from "./calls-contract.ts";
import { SdkBlobReader } from "./sdk/blob-reader.ts";
import { SdkBlobWriter } from "./sdk/blob-writer.ts";
import { SdkQueueCalls } from "./sdk/queue-calls.ts";
import { restTo } from "./support.ts";

describeCalls("REST", {
  writer: (account, container) => new RestBlobWriter(restTo(account), container),
  reader: (account) => new RestBlobReader(restTo(account)),
  queue: (account, name) => new RestQueueCalls(restTo(account), name),
});

describeCalls("the SDK", {
  writer: (account, container) => new SdkBlobWriter(account, container),
  reader: (account) => new SdkBlobReader(account),
  queue: (account, name) => new SdkQueueCalls(account, name),
});
