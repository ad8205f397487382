/** The same calls to the emulator and to the simulator. */
import { createHash } from "node:crypto";
import type { CallOptions, Talk } from "./talk.ts";

export const CREATE = { "x-ms-blob-type": "BlockBlob" };
const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
const blockId = (number: number): string =>
  encodeURIComponent(Buffer.from(`block-${number}`).toString("base64"));
const blockList = (...numbers: number[]): string =>
  `<?xml version="1.0" encoding="utf-8"?><BlockList>${numbers
    .map((number) => `<Latest>${decodeURIComponent(blockId(number))}</Latest>`)
    .join("")}</BlockList>`;
const message = (text: string): CallOptions => ({
  body: `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`,
});
export const LEASE_1 = "11111111-1111-4111-8111-111111111111";
export const LEASE_2 = "22222222-2222-4222-8222-222222222222";
export const lease = (action: string, headers: Record<string, string> = {}): CallOptions => ({
  headers: { "x-ms-lease-action": action, ...headers },
});

/** By what they are about. Each begins with a container and a queue that are not there. */
export const CONVERSATIONS: Record<string, (talk: Talk) => Promise<void>> = {
  async containers(talk) {
    await talk.blob("GET", "?restype=container");
    await talk.blob("PUT", "/blob", { headers: CREATE, body: "x" });
    await talk.blob("GET", "?restype=container&comp=list");
    await talk.blob("PUT", "?restype=container");
    await talk.blob("PUT", "?restype=container");
    await talk.blob("GET", "?restype=container");
    await talk.blob("HEAD", "?restype=container");
    await talk.blob("DELETE", "?restype=container");
    await talk.blob("DELETE", "?restype=container");
  },

  async "whole blobs"(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.blob("GET", "/blob");
    await talk.blob("HEAD", "/blob");
    await talk.blob("DELETE", "/blob");
    await talk.blob("PUT", "/blob", { headers: CREATE, body: "hello" });
    const described = { ...CREATE, "x-ms-blob-content-type": "text/plain", "x-ms-meta-origin": "here" };
    await talk.blob("PUT", "/folder/a%20b%2B%C3%A4", { headers: described, body: "hello" });
    await talk.blob("HEAD", "/folder/a%20b%2B%C3%A4", { headers: { "x-ms-client-request-id": "mine" } });
    await talk.blob("GET", "/blob");
    await talk.blob("PUT", "/empty", { headers: CREATE, body: "" });
    await talk.blob("HEAD", "/empty");
    await talk.blob("DELETE", "/blob");
    await talk.blob("HEAD", "/blob");
  },

  async checksums(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.blob("PUT", "/a", { headers: { ...CREATE, "content-md5": md5("hello") }, body: "hello" });
    await talk.blob("HEAD", "/a");
    await talk.blob("PUT", "/b", { headers: { ...CREATE, "content-md5": md5("other") }, body: "hello" });
    await talk.blob("PUT", "/c", {
      headers: { ...CREATE, "x-ms-blob-content-md5": md5("hello") },
      body: "hello",
    });
    await talk.blob("HEAD", "/c");
    await talk.blob("PUT", "/d", {
      headers: { ...CREATE, "x-ms-blob-content-md5": md5("other") },
      body: "hello",
    });
  },

  async ranges(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.blob("PUT", "/blob", { headers: CREATE, body: "0123456789" });
    await talk.blob("GET", "/blob", { headers: { "x-ms-range": "bytes=2-5" } });
    await talk.blob("GET", "/blob", { headers: { range: "bytes=8-" } });
    await talk.blob("GET", "/blob", { headers: { "x-ms-range": "bytes=5-500" } });
    await talk.blob("GET", "/blob", { headers: { "x-ms-range": "bytes=11-12" } });
  },

  async conditions(talk) {
    await talk.blob("PUT", "?restype=container");
    const onlyNew = { headers: { ...CREATE, "if-none-match": "*" }, body: "one" };
    const { headers } = await talk.blob("PUT", "/blob", onlyNew);
    const etag = headers.get("etag") ?? "";
    await talk.blob("PUT", "/blob", onlyNew);
    const match = (value: string): Record<string, string> => ({ ...CREATE, "if-match": value });
    talk.answers.push({ call: "that one has an etag", status: etag === "" ? 0 : 1, headers: {} });
    await talk.blob("GET", "/blob", { headers: { "if-match": '"0x1234"' } });
    await talk.blob("GET", "/blob", { headers: { "if-match": "*" } });
    await talk.blob("PUT", "/blob", { headers: match('"0x1234"'), body: "two" });
    await talk.blob("PUT", "/other", { headers: match("*"), body: "two" });
    await talk.blob("PUT", "/blob", { headers: match("*"), body: "two" });
  },

  async "versions of a blob"(talk) {
    await talk.blob("PUT", "?restype=container");
    const first =
      (await talk.blob("PUT", "/blob", { headers: CREATE, body: "one" })).headers.get("etag") ?? "";
    const same = (await talk.blob("HEAD", "/blob")).headers.get("etag") === first;
    const second = (await talk.blob("PUT", "/blob", { headers: CREATE, body: "two" })).headers.get("etag");
    talk.answers.push({ call: "etags", status: same && first !== second ? 1 : 0, headers: {} });
  },

  async "missing and wrong headers"(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.blob("PUT", "/blob?comp=block&blockid=%21", { body: "x" });
    await talk.blob("PUT", "/blob", { headers: { ...CREATE, "content-md5": "no" }, body: "hello" });
  },

  async blocks(talk) {
    await talk.blob("PUT", "?restype=container");
    await talk.blob("GET", "/blob?comp=blocklist&blocklisttype=all");
    await talk.blob("PUT", `/blob?comp=block&blockid=${blockId(1)}`, { body: "hello " });
    await talk.blob("HEAD", "/blob");
    await talk.blob("GET", "/blob");
    await talk.blob("PUT", `/blob?comp=block&blockid=${blockId(2)}`, {
      headers: { "content-md5": md5("world") },
      body: "world",
    });
    await talk.blob("PUT", `/blob?comp=block&blockid=${blockId(3)}`, {
      headers: { "content-md5": md5("world") },
      body: "wrong",
    });
    await talk.blob("PUT", `/blob?comp=block&blockid=${blockId(12345)}`, { body: "x" });
    await talk.blob("PUT", "/blob?comp=blocklist", { body: blockList(1, 7) });
    const described = { "x-ms-blob-content-md5": md5("hello world"), "x-ms-blob-content-type": "text/plain" };
    const commit = { headers: { ...described, "if-none-match": "*" }, body: blockList(1, 2) };
    await talk.blob("PUT", "/blob?comp=blocklist", commit);
    await talk.blob("PUT", "/blob?comp=blocklist", commit);
    await talk.blob("HEAD", "/blob");
    await talk.blob("PUT", `/blob?comp=block&blockid=${blockId(4)}`, { body: "!" });
    await talk.blob("PUT", "/blob?comp=blocklist", { body: blockList(1, 2, 4) });
    await talk.blob("HEAD", "/blob");
  },

  async leases(talk) {
    await talk.blob("PUT", "?restype=container");
    const acquire = (id: string, seconds: string): CallOptions =>
      lease("acquire", { "x-ms-lease-duration": seconds, "x-ms-proposed-lease-id": id });
    const by = (id: string): Record<string, string> => ({ "x-ms-lease-id": id });
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_1, "15"));
    await talk.blob("PUT", "/blob", { headers: CREATE, body: "hello" });
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_1, "10"));
    await talk.blob("PUT", "/blob?comp=lease", lease("renew", by(LEASE_1)));
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_1, "15"));
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_2, "15"));
    await talk.blob("HEAD", "/blob");
    await talk.blob("PUT", "/blob", { headers: CREATE, body: "no" });
    await talk.blob("PUT", "/blob", { headers: { ...CREATE, ...by(LEASE_2) }, body: "no" });
    await talk.blob("PUT", "/blob", { headers: { ...CREATE, ...by(LEASE_1) }, body: "yes" });
    await talk.blob("DELETE", "/blob");
    await talk.blob("PUT", "/blob?comp=lease", lease("renew", by(LEASE_2)));
    await talk.blob("PUT", "/blob?comp=lease", lease("renew", by(LEASE_1)));
    await talk.blob("PUT", "/blob?comp=lease", lease("release", by(LEASE_2)));
    await talk.blob("PUT", "/blob?comp=lease", lease("release", by(LEASE_1)));
    await talk.blob("HEAD", "/blob");
    await talk.blob("PUT", "/blob", { headers: { ...CREATE, ...by(LEASE_1) }, body: "gone" });
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_2, "-1"));
    await talk.blob("PUT", "/blob?comp=lease", lease("break"));
    await talk.blob("HEAD", "/blob");
    await talk.blob("PUT", "/blob?comp=lease", lease("renew", by(LEASE_2)));
    await talk.blob("PUT", "/blob?comp=lease", acquire(LEASE_1, "15"));
    await talk.blob("PUT", "/blob?comp=lease", lease("break", { "x-ms-lease-break-period": "0" }));
  },

  async queues(talk) {
    await talk.queue("GET", "?comp=metadata");
    await talk.queue("POST", "/messages", message("early"));
    await talk.queue("PUT", "");
    await talk.queue("PUT", "");
    await talk.queue("GET", "?comp=metadata");
    await talk.queue("POST", "/messages", message("one"));
    await talk.queue("POST", "/messages?messagettl=-1", message("two"));
    await talk.queue("POST", "/messages?visibilitytimeout=100&messagettl=50", message("never"));
    await talk.queue("GET", "?comp=metadata");
    await talk.queue("GET", "/messages?numofmessages=33");
    await talk.queue("DELETE", "/messages/unknown?popreceipt=unknown");
    await talk.queue("DELETE", "/messages");
    await talk.queue("GET", "?comp=metadata");
    await talk.queue("DELETE", "");
    await talk.queue("DELETE", "");
  },
};
