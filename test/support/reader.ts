/**
 * An independent reader of the emulator: it shares no code with the product nor with its SDK, signs by itself and
 * hashes what it downloads, so that tests can believe what it says about blobs and announcements.
 */
import { createHash, createHmac } from "node:crypto";
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { buffer, text } from "node:stream/consumers";

export interface ListedBlob {
  readonly name: string;
  readonly length: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Base64 MD5 that the service keeps; empty when it has none. */
  readonly contentMd5: string;
  /** Its metadata, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface HashedBlob extends ListedBlob {
  /** Bytes read. */
  readonly bytes: number;
  /** Base64 MD5 of the bytes read. */
  readonly md5: string;
}

export interface Announcement {
  readonly container_name: string;
  readonly blob_name: string;
}

export interface Reader {
  /** All committed blobs of the container, by name. */
  list(container: string, options?: { readonly pageSize?: number }): Promise<Map<string, ListedBlob>>;
  /** The same with every blob downloaded and hashed. */
  hashAll(container: string): Promise<Map<string, HashedBlob>>;
  /** One blob's bytes. */
  read(container: string, name: string): Promise<Buffer>;
  /** Takes all visible messages out of sight and gives their texts; a later call gives only newer ones. */
  takeTexts(queue: string): Promise<string[]>;
  /** The same as announcements: base64 of JSON. */
  takeAnnouncements(queue: string): Promise<Announcement[]>;
}

const SERVICE_VERSION = "2021-12-02";
const CONCURRENCY = 8;
/** The most that the service gives at once. */
const MESSAGES_AT_ONCE = 32;
const OUT_OF_SIGHT_SECONDS = 24 * 60 * 60;

/** A reader of the account that the connection string names. */
export function readerOf(connectionString: string): Reader {
  const settings = new Map(
    connectionString.split(";").map((setting): [string, string] => {
      const equals = setting.indexOf("=");
      return [setting.slice(0, equals), setting.slice(equals + 1)];
    }),
  );
  const setting = (name: string): string => settings.get(name)?.replace(/\/$/, "") ?? "";
  const account = {
    name: setting("AccountName"),
    key: Buffer.from(settings.get("AccountKey") ?? "", "base64"),
  };
  const get = (url: string): Promise<IncomingMessage> => signedGet(new URL(url), account);
  const blobUrl = (container: string, name: string): string =>
    `${setting("BlobEndpoint")}/${container}/${name.split("/").map(encodeURIComponent).join("/")}`;

  const list: Reader["list"] = async (container, { pageSize = 5000 } = {}) => {
    const blobs = new Map<string, ListedBlob>();
    let marker = "";
    do {
      const query = `restype=container&comp=list&include=metadata&maxresults=${pageSize}&marker=${encodeURIComponent(marker)}`;
      const page = await text(await get(`${setting("BlobEndpoint")}/${container}?${query}`));
      for (const blob of elements(page, "Blob").map(listedBlob)) blobs.set(blob.name, blob);
      marker = element(page, "NextMarker");
    } while (marker !== "");
    return blobs;
  };

  const takeTexts = async (queue: string): Promise<string[]> => {
    const texts: string[] = [];
    for (;;) {
      const query = `numofmessages=${MESSAGES_AT_ONCE}&visibilitytimeout=${OUT_OF_SIGHT_SECONDS}`;
      const page = await text(await get(`${setting("QueueEndpoint")}/${queue}/messages?${query}`));
      const taken = elements(page, "QueueMessage").map((message) => element(message, "MessageText"));
      if (taken.length === 0) return texts;
      texts.push(...taken);
    }
  };

  return {
    list,
    takeTexts,
    read: async (container, name) => buffer(await get(blobUrl(container, name))),
    async hashAll(container) {
      const listed = await list(container);
      const hashed = new Map<string, HashedBlob>();
      const blobs = listed.values();
      const worker = async (): Promise<void> => {
        for (const blob of blobs) {
          const found = await hashOf(await get(blobUrl(container, blob.name)));
          hashed.set(blob.name, { ...blob, ...found });
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, worker));
      return hashed;
    },
    takeAnnouncements: async (queue) =>
      (await takeTexts(queue)).map(
        (message) => JSON.parse(Buffer.from(message, "base64").toString("utf8")) as Announcement,
      ),
  };
}

const agent = new Agent({ keepAlive: true, timeout: 2000 });
const tlsAgent = new TlsAgent({ keepAlive: true, timeout: 2000 });

/** A GET with the account's signature; gives the answer when it is a success. */
async function signedGet(url: URL, account: { name: string; key: Buffer }): Promise<IncomingMessage> {
  const headers = { "x-ms-date": new Date().toUTCString(), "x-ms-version": SERVICE_VERSION };
  const parameters = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1));
  const toSign = [
    "GET",
    // Encoding, language, length, MD5, type, date, four conditions, range: none is sent.
    ...Array.from({ length: 11 }, () => ""),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    `/${account.name}${url.pathname}`,
    ...parameters.map(([name, value]) => `${name}:${value}`),
  ].join("\n");
  const signature = createHmac("sha256", account.key).update(toSign, "utf8").digest("base64");
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const authorization = `SharedKey ${account.name}:${signature}`;
    const isTls = url.protocol === "https:";
    const options = { agent: isTls ? tlsAgent : agent, headers: { ...headers, authorization } };
    (isTls ? httpsRequest : httpRequest)(url, options, resolve).once("error", reject).end();
  });
  if (answer.statusCode === 200) return answer;
  throw new Error(`GET ${url.pathname}${url.search} gave ${answer.statusCode}: ${await text(answer)}`);
}

async function hashOf(answer: IncomingMessage): Promise<{ bytes: number; md5: string }> {
  const md5 = createHash("md5");
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    md5.update(chunk);
  }
  return { bytes, md5: md5.digest("base64") };
}

function listedBlob(xml: string): ListedBlob {
  return {
    name: element(xml, "Name"),
    length: Number(element(xml, "Content-Length")),
    contentType: element(xml, "Content-Type"),
    contentEncoding: element(xml, "Content-Encoding"),
    contentMd5: element(xml, "Content-MD5"),
    metadata: Object.fromEntries(
      [...element(xml, "Metadata", false).matchAll(/<([^/>]+)>([^<]*)</g)].map((match) => [
        (match[1] ?? "").toLowerCase(),
        unescapeXml(match[2] ?? ""),
      ]),
    ),
  };
}

/** The inner XML of all elements of that name; none of those we read holds another of its own name. */
function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`, "g"))].map(
    (match) => match[1] ?? "",
  );
}

/** The text of the first; empty when there is none. */
function element(xml: string, name: string, isText = true): string {
  const inner = elements(xml, name)[0] ?? "";
  return isText ? unescapeXml(inner) : inner;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXml(escaped: string): string {
  return escaped.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return ENTITIES[name ?? ""] ?? whole;
    },
  );
}
