/** Calls to the emulator or the simulator, and what it answers, in a form in which both can be compared. */

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
  /** Of a blob, or what a list tells of each; not of a simulator that makes the bytes up. */
  readonly body?: unknown;
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
  readonly #bodies: boolean;

  /** @param options `bodies`: the bytes of blobs count */
  constructor(address: Address, name: string, { bodies = false } = {}) {
    this.#address = address;
    this.#name = name;
    this.#bodies = bodies;
  }

  /** @param path behind the container, such as `/blob?comp=block` or `?restype=container` */
  blob(method: string, path: string, options: CallOptions = {}): Promise<Heard> {
    return this.#call(method, this.#address.blobEndpoint, path, options);
  }

  /** All pages of a list, each as what it tells of the blobs. */
  async list(query: string): Promise<void> {
    for (let page = 1, marker = ""; page === 1 || marker !== ""; page++) {
      const path = `?restype=container&comp=list&${query}`;
      const more = marker === "" ? "" : `&marker=${encodeURIComponent(marker)}`;
      const { text } = await this.#call("GET", this.#address.blobEndpoint, path + more, {});
      const answer = this.answers.pop();
      // The markers are each service's own.
      if (answer !== undefined) {
        this.answers.push({ ...answer, call: `page ${page} of ${query}`, body: listed(text) });
      }
      marker = /<NextMarker>([^<]+)/.exec(text)?.[1] ?? "";
      if (page > 100) throw new Error("the list does not end");
    }
  }

  /** Says something that is no call, such as whether two ETags are the same. */
  note(what: string, is: unknown): void {
    this.answers.push({ call: what, status: 0, headers: {}, body: is });
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
    // The ETags are each service's own.
    const call = `${method} ${path} ${JSON.stringify(headers)}`.replaceAll(/0x[0-9A-F]{10,}/g, "0x…");
    const isBlob = this.#bodies && method === "GET" && response.ok && path.startsWith("/");
    this.answers.push({
      call,
      status: response.status,
      headers: comparable(response.headers, path),
      ...(isBlob ? { body: text } : {}),
    });
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
  "x-ms-meta-host",
  "x-ms-meta-counts",
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
  // The service tells apart whether a lease ended or was never there; the emulator does not.
  if (kept["x-ms-error-code"] === "LeaseLost") kept["x-ms-error-code"] = "LeaseNotPresentWithBlobOperation";
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

/** Of each blob in a list: its name, metadata, lease and content, as they are told. */
function listed(xml: string): unknown[] {
  const all = (text: string, element: string): string[] =>
    text
      .split(`<${element}>`)
      .slice(1)
      .map((rest) => rest.split(`</${element}>`)[0] ?? "");
  return all(xml, "Blob").map((blob) => {
    const one = (element: string): string | undefined => all(blob, element)[0];
    const metadata = [...(one("Metadata") ?? "").matchAll(/<([\w-]+)>([^<]*)</g)];
    return {
      name: one("Name"),
      metadata: metadata.map(([, name = "", value = ""]) => `${name}: ${value}`),
      lease: [one("LeaseStatus"), one("LeaseState"), one("LeaseDuration")],
      content: [one("Content-Length"), one("Content-Type"), one("Content-MD5")],
      modified: BY_FORM["last-modified"]?.test(one("Last-Modified") ?? ""),
    };
  });
}
