/** The same calls to the emulator and to the simulator, and what each answers, in a form that can be compared. */
import { createHash } from "node:crypto";

/** Where a service is reached; the query signs every call. */
export interface Address {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly sas: string;
}

/** What an answer says, without what differs from one service or moment to the next. */
export interface Answer {
  readonly call: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Heard {
  readonly headers: Headers;
  readonly text: string;
}

/** Talks to one service, in a container and queue of its own. */
export class Talk {
  readonly answers: Answer[] = [];
  readonly #address: Address;
  readonly #name: string;

  constructor(address: Address, name: string) {
    this.#address = address;
    this.#name = name;
  }

  /** @param path behind the container, such as `/blob?comp=block` or `?restype=container` */
  blob(method: string, path: string, options: CallOptions = {}): Promise<Heard> {
    return this.#call(method, this.#address.blobEndpoint, path, options);
  }

  /** @param path behind the queue */
  queue(method: string, path: string, options: CallOptions = {}): Promise<Heard> {
    return this.#call(method, this.#address.queueEndpoint, path, options);
  }

  async #call(
    method: string,
    endpoint: string,
    path: string,
    { headers = {}, body }: CallOptions,
  ): Promise<Heard> {
    const url = `${endpoint}/${this.#name}${path}${path.includes("?") ? "&" : "?"}${this.#address.sas}`;
    const response = await fetch(url, {
      method,
      headers: { "x-ms-version": "2024-11-04", ...headers },
      // As bytes, or a content type would be added.
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
    const text = await response.text();
    const call = `${method} ${path} ${JSON.stringify(headers)}`;
    this.answers.push({ call, status: response.status, headers: comparable(response.headers, path) });
    return { headers: response.headers, text };
  }
}

/** Their values count. */
const BY_VALUE = [
  "accept-ranges",
  "content-md5",
  "content-range",
  "content-type",
  "x-ms-approximate-messages-count",
  "x-ms-blob-content-length",
  "x-ms-blob-content-md5",
  "x-ms-blob-type",
  "x-ms-client-request-id",
  "x-ms-copy-status",
  "x-ms-error-code",
  "x-ms-lease-duration",
  "x-ms-lease-id",
  "x-ms-lease-state",
  "x-ms-lease-status",
  "x-ms-lease-time",
  "x-ms-meta-origin",
];

/** Their form counts: what they hold is of the moment. */
const BY_FORM: Record<string, RegExp> = {
  date: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
  etag: /^"0x[0-9A-F]+"$/,
  "last-modified": /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
  "x-ms-popreceipt": /./,
  "x-ms-request-id": /^[0-9a-f]{8}-[0-9a-f-]{27}$|^DefaultID$/,
  "x-ms-version": /^\d{4}-\d\d-\d\d$/,
};

function comparable(headers: Headers, path: string): Record<string, string> {
  const isError = headers.has("x-ms-error-code");
  const kept: Record<string, string> = {};
  for (const name of BY_VALUE) {
    const value = headers.get(name);
    // The messages of errors are worded freely.
    if (value !== null && !(isError && name.startsWith("content-"))) kept[name] = value;
  }
  const length = headers.get("content-length");
  // Of a blob; other bodies are spelt freely.
  if (length !== null && headers.has("x-ms-blob-type")) kept["content-length"] = length;
  // Of the request's body; the emulator computes it for some of them.
  if (path.includes("comp=block")) delete kept["content-md5"];
  // The emulator repeats it where the service says it once, and leaves the version out of errors.
  if (kept["content-md5"] !== undefined) delete kept["x-ms-blob-content-md5"];
  for (const [name, form] of Object.entries(BY_FORM)) {
    const value = headers.get(name);
    if (value === null || (isError && name === "x-ms-version")) continue;
    kept[name] = form.test(value) ? "in its form" : value;
  }
  return kept;
}

const CREATE = { "x-ms-blob-type": "BlockBlob" };
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
const LEASE_1 = "11111111-1111-4111-8111-111111111111";
const LEASE_2 = "22222222-2222-4222-8222-222222222222";
const lease = (action: string, headers: Record<string, string> = {}): CallOptions => ({
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
