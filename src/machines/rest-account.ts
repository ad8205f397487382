/**
 * The coordination container of the target account, over the REST client. No brake, no learned rate and no
 * `--max-requests` may hold a lease's renewal back, so its requests pass no gate. The client has connections of its own
 * (`Services.coordination`), because transfers whose connections hang would keep its own from being opened.
 */
import {
  type AttemptContext,
  RefusedRequest,
  RestBlobLister,
  type RestClient,
  type RestRequest,
  createContainer,
} from "../azure/azure.ts";
import {
  type Answered,
  type BlobFacts,
  type CallOptions,
  type CoordinationAccount,
  CoordinationRefusal,
  type LeaseStatus,
  type StoredBlob,
} from "./coordination-account.ts";

/** Blobs of one page of a list; the service gives 5,000 at most. */
const PAGE = 5_000;

export class RestAccount implements CoordinationAccount {
  readonly #client: RestClient;
  readonly #lister: RestBlobLister;
  readonly #container: string;

  constructor(client: RestClient, container: string) {
    this.#client = client;
    this.#lister = new RestBlobLister(client);
    this.#container = container;
  }

  read: CoordinationAccount["read"] = async (name, options) => {
    try {
      const { head, body } = await this.#send("read", { call: "get blob", method: "GET" }, name, [], options);
      return {
        name,
        body,
        etag: head.header("etag") ?? "",
        lastModified: readDate(head.header("last-modified")),
        metadata: readMetadata(head.headers),
        lease: readLease(head.header("x-ms-lease-state")),
        date: readDate(head.header("date")),
      } satisfies StoredBlob;
    } catch (thrown) {
      if (thrown instanceof CoordinationRefusal && thrown.code === "BlobNotFound") return undefined;
      throw thrown;
    }
  };

  list: CoordinationAccount["list"] = async (prefix, { signal }) => {
    const url = `${this.#client.account.blobEndpoint}/${this.#container}`;
    const blobs: BlobFacts[] = [];
    let from: string | undefined;
    for (;;) {
      const page = await refusals("list", async () =>
        this.#lister.page({ url, as: "account" }, { prefix, from, most: PAGE }, untimed(signal)),
      );
      for (const { name, lastModified, metadata, leaseState } of page.blobs) {
        blobs.push({ name, lastModified, metadata, lease: readLease(leaseState) });
      }
      if (page.next === undefined) return { blobs, date: page.date };
      from = page.next;
    }
  };

  write: CoordinationAccount["write"] = async (name, { body, metadata = {} }, conditions, options) => {
    const { ifNoneMatch, ifMatch, leaseId } = conditions;
    const headers = [
      "x-ms-blob-type",
      "BlockBlob",
      ...optional("if-none-match", ifNoneMatch),
      ...optional("if-match", ifMatch),
      ...optional("x-ms-lease-id", leaseId),
      ...Object.entries(metadata).flatMap(([key, value]) => [`x-ms-meta-${key}`, value]),
    ];
    const request = { call: "put blob", method: "PUT", body: Buffer.from(body) } as const;
    const { head } = await this.#send("write", request, name, headers, options);
    return { etag: head.header("etag") ?? "", date: readDate(head.header("date")) };
  };

  acquire: CoordinationAccount["acquire"] = async (name, leaseId, seconds, options) =>
    this.#lease("acquire", name, leaseId, options, ["x-ms-lease-duration", String(seconds)]);

  renew: CoordinationAccount["renew"] = async (name, leaseId, options) =>
    this.#lease("renew", name, leaseId, options, []);

  release: CoordinationAccount["release"] = async (name, leaseId, options) =>
    this.#lease("release", name, leaseId, options, []);

  makeContainer: CoordinationAccount["makeContainer"] = async ({ signal }) => {
    try {
      await refusals("make container", async () =>
        createContainer(this.#client, this.#container, untimed(signal)),
      );
      return true;
    } catch (thrown) {
      if (!(thrown instanceof CoordinationRefusal && thrown.code === "ContainerAlreadyExists")) throw thrown;
      return false;
    }
  };

  async #lease(
    action: "acquire" | "renew" | "release",
    name: string,
    leaseId: string,
    options: CallOptions,
    more: readonly string[],
  ): Promise<Answered> {
    const id = action === "acquire" ? "x-ms-proposed-lease-id" : "x-ms-lease-id";
    const headers = ["x-ms-lease-action", action, id, leaseId, ...more];
    const request = { call: `${action} lease`, method: "PUT" } as const;
    const { head } = await this.#send(action, request, name, headers, options, "?comp=lease");
    return { date: readDate(head.header("date")) };
  }

  async #send(
    operation: string,
    request: Pick<RestRequest, "call" | "method" | "body">,
    name: string,
    headers: readonly string[],
    { signal }: CallOptions,
    query = "",
  ) {
    const url = `${this.#client.account.blobEndpoint}/${this.#container}/${name}${query}`;
    return refusals(operation, async () =>
      this.#client.send({ ...request, url, as: "account", headers }, untimed(signal)),
    );
  }
}

/** The service's "no" as coordination's; a token that was refused is renewed by the next try, so it is no answer. */
async function refusals<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof RefusedRequest) || thrown.statusCode === 401) throw thrown;
    const { headers } = thrown.response;
    throw new CoordinationRefusal(operation, {
      status: thrown.statusCode,
      code: thrown.code ?? "",
      date: readDate(headers.get("date")),
      requestId: headers.get("x-ms-request-id"),
      said: thrown.trouble ?? thrown.message.split("\n")[0] ?? "",
    });
  }
}

/** A request that only its caller ends. */
function untimed(signal: AbortSignal): AttemptContext {
  return {
    signal,
    waitSignal: signal,
    whenEnded(end) {
      if (signal.aborted) end(signal.reason as Error);
      else signal.addEventListener("abort", () => end(signal.reason as Error), { once: true });
    },
    alive: () => {},
    whenSent: () => {},
    sent: () => {},
    hold: async (wait) => wait,
  };
}

function optional(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/** ms since the epoch. @throws Error when the service told no date that can be read */
function readDate(text: string | undefined): number {
  const date = Date.parse(text ?? "");
  if (Number.isNaN(date)) throw new Error("the answer of the service has no date");
  return date;
}

function readMetadata(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const prefix = "x-ms-meta-";
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

const LEASES = new Set(["available", "leased", "expired", "breaking", "broken"]);

function readLease(text: string | undefined): LeaseStatus {
  if (text === undefined || !LEASES.has(text))
    throw new Error("the answer of the service has no lease state");
  return text as LeaseStatus;
}
