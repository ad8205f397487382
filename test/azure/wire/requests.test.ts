/** Every call of ours goes over the wire as the SDK sends it, but for what the SDK says of itself. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { RestBlobReader } from "../../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { RestQueueCalls } from "../../../src/azure/calls/rest-queue-calls.ts";
import { asStorage, startStub, type StubServer } from "../../support/stub-server.ts";
import { type CallsKind, once } from "../calls-contract.ts";
import { SdkBlobReader } from "../sdk/blob-reader.ts";
import { SdkBlobWriter } from "../sdk/blob-writer.ts";
import { SdkQueueCalls } from "../sdk/queue-calls.ts";
import { restTo } from "../support.ts";
import { accountAt, essence } from "./wire.ts";

const xml = (status: number, body: string) =>
  asStorage({
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?>${body}`,
  });

let stub: StubServer;
let account: StorageAccount;
beforeAll(async () => {
  stub = await startStub(({ method, url, headers }) => {
    if (url.includes("/q/"))
      return xml(
        201,
        "<QueueMessagesList><QueueMessage><MessageId>1</MessageId></QueueMessage></QueueMessagesList>",
      );
    if (method === "PUT") return asStorage({ status: 201 });
    if (url.includes("blocklist")) return xml(200, "<BlockList><UncommittedBlocks/></BlockList>");
    if (headers["x-ms-range"] === undefined) {
      return asStorage({ status: 200, headers: { "content-length": "0" } });
    }
    const part = { "content-range": "bytes 10-29/99", "content-length": "20" };
    return asStorage({ status: 206, headers: part, body: "x".repeat(20) });
  });
  account = accountAt(stub);
});
afterAll(() => stub.stop());

const REST: CallsKind = {
  writer: (to, container) => new RestBlobWriter(restTo(to), container),
  reader: (to) => new RestBlobReader(restTo(to)),
  queue: (to, name) => new RestQueueCalls(restTo(to), name),
};
const SDK: CallsKind = {
  writer: (to, container) => new SdkBlobWriter(to, container),
  reader: (to) => new SdkBlobReader(to),
  queue: (to, name) => new SdkQueueCalls(to, name),
};

const options = {
  createOnly: true,
  headers: {
    contentType: "text/csv",
    contentEncoding: "gzip",
    contentLanguage: "de",
    contentDisposition: "inline",
    cacheControl: "no-store",
  },
  metadata: { some: "thing", Other_1: "x" },
  accessTier: "Cold",
  tags: { "a b": "x+y/z:1=2", empty: "" },
  contentMd5: "1B2M2Y8AsgTpgAmY7PhCfg==",
};
const source = { url: "https://a.example/c/b%20c?sv=1&sig=x%2F", bearer: "abc.def" };
const range = { offset: 10, count: 20, ifMatch: '"7"' };
const bytes = Buffer.from("some bytes");
const name = "a folder/Größe+1%.json";

const CALLS: Record<string, (kind: CallsKind, pulse: AttemptContext) => Promise<unknown>> = {
  "put blob": async (kind, pulse) => kind.writer(account, "c").putBlob(name, bytes, options, pulse),
  "put blob, bare": async (kind, pulse) =>
    kind
      .writer(account, "c")
      .putBlob(name, bytes, { createOnly: false, headers: { contentType: undefined }, metadata: {} }, pulse),
  "put blob from URL": async (kind, pulse) =>
    kind.writer(account, "c").putBlobFromUrl(name, source, options, pulse),
  "put blob from URL, with the source's type and a stated MD5": async (kind, pulse) =>
    kind
      .writer(account, "c")
      .putBlobFromUrl(
        name,
        { url: source.url, contentMd5: options.contentMd5 },
        { createOnly: true, headers: { contentType: undefined }, metadata: {} },
        pulse,
      ),
  "put block": async (kind, pulse) =>
    kind.writer(account, "c").putBlock(name, "+/AA=", bytes, options.contentMd5, pulse),
  "put block from URL": async (kind, pulse) =>
    kind.writer(account, "c").putBlockFromUrl(name, "+/AA=", source, range, pulse),
  "put block list": async (kind, pulse) =>
    kind.writer(account, "c").putBlockList(name, ["+/AA=", "b"], options, pulse),
  "get block list": async (kind, pulse) => kind.writer(account, "c").uncommittedBlocks(name, pulse),
  "get blob": async (kind, pulse) =>
    kind
      .reader(account)
      .open({ url: `${account.blobEndpoint}/c/b%20c?versionid=2`, as: "account" }, undefined, pulse),
  "get a range": async (kind, pulse) =>
    kind.reader(account).open({ url: `${account.blobEndpoint}/c/b`, as: "anonymous" }, range, pulse),
  "head blob": async (kind, pulse) =>
    kind.reader(account).properties({ url: `${account.blobEndpoint}/c/b`, as: "account" }, pulse),
  "put message": async (kind, pulse) => kind.queue(account, "q").putMessage("<a&b>", 3600, pulse),
};

it.each(Object.entries(CALLS))("%s", async (_, call) => {
  const before = stub.requests.length;
  await once(async (pulse) => call(SDK, pulse));
  await once(async (pulse) => call(REST, pulse));
  const [bySdk, byUs, ...more] = stub.requests.slice(before).map(essence);
  expect(more).toEqual([]);
  if (bySdk === undefined || byUs === undefined) throw new Error("a request is missing");
  expect(byUs).toEqual(bySdk);
});
