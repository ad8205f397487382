import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { ReadAccess } from "./blob-calls.ts";
import { ForeignAnswer } from "../wire/foreign-answer.ts";
import type { BlobLister, BlobPage, ListedBlob, PageQuestion } from "./list-calls.ts";
import { withQuery } from "./signed-url.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { findChild, parseXml, type XmlElement } from "../wire/xml-tree.ts";

/** `BlobLister` on the services' REST interface. */
export class RestBlobLister implements BlobLister {
  readonly #client: RestClient;

  constructor(client: RestClient) {
    this.#client = client;
  }

  async page(container: ReadAccess, asked: PageQuestion, pulse: AttemptContext): Promise<BlobPage> {
    const url = withQuery(container.url, pageQuery(asked));
    const { head, body } = await this.#client.send(
      { call: "list blobs", method: "GET", url, as: container.as, headers: [] },
      pulse,
    );
    try {
      const date = Date.parse(head.header("date") ?? "");
      return { ...readPage(body.toString(), asked), date };
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      throw new ForeignAnswer(url, head, `not a list of blobs: ${thrown.message}`);
    }
  }
}

/** The metadata marks what stands for a folder. */
function pageQuery({ prefix, from, most, withTags }: PageQuestion): string {
  const parameters = [
    ["restype", "container"],
    ["comp", "list"],
    ["prefix", prefix],
    ["marker", from ?? ""],
    ["maxresults", String(most)],
    ["include", withTags === true ? "metadata,tags" : "metadata"],
  ];
  return parameters
    .filter(([, value]) => value !== "")
    .map(([name, value = ""]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

/** @throws SyntaxError when it is not the list that was asked for */
function readPage(xml: string, asked: PageQuestion): Omit<BlobPage, "date"> {
  const results = parseXml(xml);
  const blobs = required(results, "Blobs").children.map((element) => listedBlob(element, asked));
  const next = required(results, "NextMarker").text;
  return { blobs, next: next === "" ? undefined : next };
}

function listedBlob(element: XmlElement, { prefix, withTags }: PageQuestion): ListedBlob {
  if (element.name !== "Blob") throw new SyntaxError(`a <${element.name}>`);
  const name = nameIn(required(element, "Name"));
  if (!name.startsWith(prefix)) throw new SyntaxError("a blob of another folder");
  const properties = required(element, "Properties");
  const childText = (child: string): string => findChild(properties, child)?.text ?? "";
  const length = required(properties, "Content-Length").text;
  if (!/^\d{1,15}$/.test(length)) throw new SyntaxError("an odd Content-Length");
  const metadata = metadataIn(element);
  const isMarked = metadata["hdi_isfolder"]?.toLowerCase() === "true";
  return {
    name,
    length: Number(length),
    contentMd5: childText("Content-MD5") || undefined,
    contentType: childText("Content-Type") || undefined,
    etag: childText("Etag"),
    lastModified: Date.parse(childText("Last-Modified")) || 0,
    metadata,
    cacheControl: childText("Cache-Control") || undefined,
    accessTier: childText("AccessTier") || undefined,
    tags: withTags === true ? tagsIn(element) : undefined,
    leaseState: childText("LeaseState") || undefined,
    leaseStatus: childText("LeaseStatus") || undefined,
    isFolder: Number(length) === 0 && (isMarked || name.endsWith("/")),
  };
}

/** A name that XML cannot hold comes percent-encoded. @throws SyntaxError for one that is encoded badly, or empty */
function nameIn({ attributes, text }: XmlElement): string {
  const isEncoded = attributes["Encoded"]?.toLowerCase() === "true";
  try {
    const name = isEncoded ? decodeURIComponent(text) : text;
    if (name !== "") return name;
  } catch {
    // As below.
  }
  throw new SyntaxError("an odd name");
}

function metadataIn(element: XmlElement): Record<string, string> {
  const pairs = findChild(element, "Metadata")?.children ?? [];
  return Object.fromEntries(pairs.map(({ name, text }) => [name.toLowerCase(), text]));
}

function tagsIn(element: XmlElement): Record<string, string> {
  const set = findChild(element, "Tags");
  const tags = (set === undefined ? undefined : findChild(set, "TagSet"))?.children ?? [];
  return Object.fromEntries(
    tags.map((tag) => [required(tag, "Key").text, findChild(tag, "Value")?.text ?? ""]),
  );
}

function required(element: XmlElement, name: string): XmlElement {
  const child = findChild(element, name);
  if (child === undefined) throw new SyntaxError(`no <${name}>`);
  return child;
}
