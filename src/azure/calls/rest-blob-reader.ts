import { systemErrorCode } from "../../core/errors.ts";
import { FileFailure } from "../../core/failure.ts";
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { BlobProperties, BlobReader, OpenedBlob, Range, ReadAccess } from "./blob-calls.ts";
import { ForeignAnswer } from "../wire/foreign-answer.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import type { Exchange } from "../wire/exchange.ts";
import { rangeText } from "./rest-blob-writer.ts";
import type { RestClient } from "../wire/rest-client.ts";

/** `BlobReader` on the services' REST interface; a link elsewhere is read as any web server's file. */
export class RestBlobReader implements BlobReader {
  readonly #client: RestClient;

  constructor(client: RestClient) {
    this.#client = client;
  }

  async properties(access: ReadAccess, pulse: AttemptContext): Promise<BlobProperties> {
    const call = this.#client.speaksStorage(access) ? "get blob properties" : "get file properties";
    return readProperties(await this.#client.open({ call, method: "HEAD", ...access, headers: [] }, pulse));
  }

  async open(
    access: ReadAccess,
    range: VersionRange | undefined,
    pulse: AttemptContext,
  ): Promise<OpenedBlob> {
    const isStorage = this.#client.speaksStorage(access);
    const exchange = await (isStorage
      ? this.#openBlob(access, range, pulse)
      : this.#openFile(access, range, pulse));
    try {
      if (range !== undefined) expectRange(exchange, range, access.url);
      return new RestDownload(exchange);
    } catch (thrown) {
      exchange.close();
      throw thrown;
    }
  }

  async #openBlob(
    access: ReadAccess,
    range: VersionRange | undefined,
    pulse: AttemptContext,
  ): Promise<Exchange> {
    const headers = range === undefined ? [] : ["x-ms-range", rangeText(range), "if-match", range.ifMatch];
    const call = range === undefined ? "get blob" : "get blob range";
    return this.#client.open({ call, method: "GET", ...access, headers }, pulse);
  }

  /** Web servers need not know parts of a file, nor conditions; what they answer is held against what was asked for. */
  async #openFile(
    access: ReadAccess,
    range: VersionRange | undefined,
    pulse: AttemptContext,
  ): Promise<Exchange> {
    if (range === undefined) {
      return this.#client.open({ call: "get file", method: "GET", ...access, headers: [] }, pulse);
    }
    const condition = isWeak(range.ifMatch) ? [] : ["if-match", range.ifMatch];
    const headers = ["range", rangeText(range), ...condition];
    const exchange = await this.#client.open(
      { call: "get file range", method: "GET", ...access, headers },
      pulse,
    );
    const failure = exchange.status === 200 ? noRanges(access.url) : changedSince(exchange, range.ifMatch);
    if (failure === undefined) return exchange;
    exchange.close();
    throw failure;
  }
}

type VersionRange = Range & { readonly ifMatch: string };

/** @throws ForeignAnswer when it is not the part that was asked for */
function expectRange(exchange: Exchange, { offset, count }: Range, url: string): void {
  const [, first, last, total] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(exchange.header("content-range") ?? "") ?? [];
  const end = Math.min(offset + count, Number(total)) - 1;
  if (Number(first) === offset && Number(last) === end) return;
  throw new ForeignAnswer(url, exchange, "another part than was asked for");
}

/** Its first part would be taken for the one that was asked for. */
function noRanges(url: string): FileFailure {
  const { host } = new URL(url);
  return new FileFailure(
    "too-large",
    `${host} does not serve parts of a file, so a large file cannot be read from it`,
  );
}

function changedSince(exchange: Exchange, version: string): FileFailure | undefined {
  if (readVersion(exchange) === version) return undefined;
  return new FileFailure("source-changed", "the source changed while it was read");
}

/** A condition on it is never met. */
function isWeak(etag: string): boolean {
  return !etag.startsWith('"');
}

/** The ETag, or what tells one version from another where there is none. */
function readVersion(exchange: Exchange): string {
  const etag = exchange.header("etag");
  if (etag !== undefined) return etag;
  return `W/"${exchange.header("last-modified") ?? ""} ${readLength(exchange)}"`;
}

/** Of the whole, in bytes. On a range, Content-Length speaks of the range. */
function readLength(exchange: Exchange): number {
  return Number(exchange.header("content-range")?.split("/")[1] ?? exchange.header("content-length"));
}

class RestDownload implements OpenedBlob {
  readonly properties: BlobProperties;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.properties = readProperties(exchange);
  }

  async readInto(buffer: Buffer): Promise<void> {
    const filled = await this.#orLost(this.#exchange.fill(buffer));
    if (filled < buffer.length) throw lost(`it ended after ${filled} of ${buffer.length} bytes`);
    this.close();
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const next = async (): Promise<Buffer | undefined> => this.#orLost(this.#exchange.next());
    for (let piece = await next(); piece !== undefined; piece = await next()) yield piece;
  }

  close(): void {
    this.#exchange.close();
  }

  async #orLost<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (thrown) {
      if (thrown instanceof ServiceFailure) throw thrown;
      throw lost(thrown instanceof Error ? thrown.message : String(thrown), thrown);
    }
  }
}

function lost(how: string, cause?: unknown): ServiceFailure {
  const answer = { systemCode: systemErrorCode(cause) ?? "ECONNRESET" };
  return new ServiceFailure("download", `the connection was lost: ${how}`, answer, { cause });
}

const METADATA = "x-ms-meta-";

function readProperties(exchange: Exchange): BlobProperties {
  const header = (name: string): string | undefined => exchange.header(name);
  // On a range, Content-MD5 speaks of the range.
  const isPart = header("content-range") !== undefined;
  return {
    length: readLength(exchange),
    etag: readVersion(exchange),
    lastModified: Date.parse(header("last-modified") ?? "") || 0,
    contentMd5: header("x-ms-blob-content-md5") ?? (isPart ? undefined : header("content-md5")),
    headers: {
      contentType: header("content-type"),
      contentEncoding: header("content-encoding"),
      contentLanguage: header("content-language"),
      contentDisposition: header("content-disposition"),
      cacheControl: header("cache-control"),
    },
    accessTier: header("x-ms-access-tier"),
    metadata: Object.fromEntries(
      Object.keys(exchange.headers)
        .filter((name) => name.startsWith(METADATA))
        .map((name) => [name.slice(METADATA.length), header(name) ?? ""]),
    ),
  };
}
