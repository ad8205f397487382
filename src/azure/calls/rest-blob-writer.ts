import type { AttemptContext } from "../attempts/attempt-clock.ts";
import { blobUrl } from "./blob-url.ts";
import type { BlobWriter, CopySource, CreateOptions, Range } from "./blob-calls.ts";
import { type AnswerHead, ForeignAnswer } from "../wire/foreign-answer.ts";
import { RefusedRequest } from "../wire/refused-request.ts";
import type { RestClient, RestRequest } from "../wire/rest-client.ts";
import { xmlText } from "../wire/xml.ts";
import { findChild, parseXml } from "../wire/xml-tree.ts";

/** `BlobWriter` on the services' REST interface. */
export class RestBlobWriter implements BlobWriter {
  readonly #client: RestClient;
  readonly #containerUrl: string;

  constructor(client: RestClient, container: string) {
    this.#client = client;
    this.#containerUrl = `${client.account.blobEndpoint}/${container}`;
  }

  blobUrl(name: string): string {
    return blobUrl(this.#containerUrl, name);
  }

  async putBlob(name: string, body: Buffer, options: CreateOptions, pulse: AttemptContext): Promise<void> {
    const headers = ["x-ms-blob-type", "BlockBlob", ...contentHeaders(options), ...creation(options)];
    await this.#put(name, "", { call: "put blob", headers, body }, pulse);
  }

  async putBlobFromUrl(
    name: string,
    source: CopySource,
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    const headers = [
      "x-ms-blob-type",
      "BlockBlob",
      // With `true`, a content header of the request replaces that one alone. With `false` the content encoding would be
      // lost, and the metadata would be copied all the same.
      "x-ms-copy-source-blob-properties",
      "true",
      ...copyFrom(source),
      ...contentHeaders(options),
      ...creation(options),
    ];
    await this.#put(name, "", { call: "put blob from url", headers }, pulse);
  }

  async putBlock(
    name: string,
    blockId: string,
    body: Buffer,
    contentMd5: string,
    pulse: AttemptContext,
  ): Promise<void> {
    const headers = ["content-md5", contentMd5];
    await this.#put(name, blockQuery(blockId), { call: "put block", headers, body }, pulse);
  }

  async putBlockFromUrl(
    name: string,
    blockId: string,
    source: CopySource,
    range: Range & { readonly ifMatch: string },
    pulse: AttemptContext,
  ): Promise<void> {
    const headers = [
      ...copyFrom(source),
      "x-ms-source-range",
      rangeText(range),
      "x-ms-source-if-match",
      range.ifMatch,
    ];
    await this.#put(name, blockQuery(blockId), { call: "put block from url", headers }, pulse);
  }

  async putBlockList(
    name: string,
    blockIds: readonly string[],
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    const list = blockIds.map((id) => `<Latest>${xmlText(id)}</Latest>`).join("");
    const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
    const headers = ["content-type", "application/xml", ...contentHeaders(options), ...creation(options)];
    await this.#put(name, "?comp=blocklist", { call: "put block list", headers, body }, pulse);
  }

  async uncommittedBlocks(name: string, pulse: AttemptContext): Promise<ReadonlySet<string>> {
    const url = `${this.blobUrl(name)}?comp=blocklist&blocklisttype=uncommitted`;
    try {
      const { head, body } = await this.#client.send(
        { call: "get block list", method: "GET", url, as: "account", headers: [] },
        pulse,
      );
      return blockIdsIn(body.toString(), url, head);
    } catch (thrown) {
      if (thrown instanceof RefusedRequest && thrown.statusCode === 404) return new Set();
      throw thrown;
    }
  }

  async #put(
    name: string,
    query: string,
    made: Pick<RestRequest, "call" | "headers" | "body">,
    pulse: AttemptContext,
  ): Promise<void> {
    const url = this.blobUrl(name) + query;
    await this.#client.send({ method: "PUT", url, as: "account", ...made }, pulse);
  }
}

/** @throws ForeignAnswer when it is no list of blocks */
function blockIdsIn(xml: string, url: string, head: AnswerHead): Set<string> {
  try {
    const blocks = findChild(parseXml(xml), "UncommittedBlocks")?.children ?? [];
    return new Set(blocks.map((block) => findChild(block, "Name")?.text ?? ""));
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    throw new ForeignAnswer(url, head, `not a list of blocks: ${thrown.message}`);
  }
}

function blockQuery(blockId: string): string {
  return `?comp=block&blockid=${encodeURIComponent(blockId)}`;
}

/** `bytes=0-9`, for a range of ten bytes. */
export function rangeText({ offset, count }: Range): string {
  return `bytes=${offset}-${offset + count - 1}`;
}

/** The content headers and the MD5 that are kept with the blob. */
function contentHeaders({ headers, contentMd5 }: CreateOptions): string[] {
  const all: string[] = [];
  addKept(all, "x-ms-blob-content-type", headers.contentType);
  addKept(all, "x-ms-blob-content-encoding", headers.contentEncoding);
  addKept(all, "x-ms-blob-content-language", headers.contentLanguage);
  addKept(all, "x-ms-blob-content-disposition", headers.contentDisposition);
  addKept(all, "x-ms-blob-cache-control", headers.cacheControl);
  addKept(all, "x-ms-blob-content-md5", contentMd5);
  return all;
}

function addKept(all: string[], name: string, value: string | undefined): void {
  if (value !== undefined) all.push(name, value.trim());
}

function creation({ createOnly, metadata, accessTier, tags = {} }: CreateOptions): string[] {
  const all = createOnly ? ["if-none-match", "*"] : [];
  for (const name in metadata) addKept(all, `x-ms-meta-${name.toLowerCase()}`, metadata[name]);
  if (accessTier !== undefined) all.push("x-ms-access-tier", accessTier);
  all.push(...tagHeader(tags));
  return all;
}

/** The header that gives a blob its tags; empty when there are none. */
export function tagHeader(tags: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(tags).map((pair) => pair.map(encodeURIComponent).join("="));
  return pairs.length === 0 ? [] : ["x-ms-tags", pairs.join("&")];
}

function copyFrom({ url, bearer, contentMd5 }: CopySource): string[] {
  return [
    "x-ms-copy-source",
    url,
    ...(bearer === undefined ? [] : ["x-ms-copy-source-authorization", `Bearer ${bearer}`]),
    ...(contentMd5 === undefined ? [] : ["x-ms-source-content-md5", contentMd5]),
  ];
}
