import { systemCodeOf } from "../../core/errors.ts";
import type { Pulse } from "../attempt-clock.ts";
import type { BlobProperties, BlobReader, OpenedBlob, Range, ReadAccess } from "../blob-calls.ts";
import { ServiceFailure } from "../service-error.ts";
import type { Exchange } from "./exchange.ts";
import { rangeText } from "./rest-blob-writer.ts";
import type { RestClient } from "./rest-client.ts";

/** `BlobReader` on the services' REST interface. */
export class RestBlobReader implements BlobReader {
  readonly #client: RestClient;

  constructor(client: RestClient) {
    this.#client = client;
  }

  async properties(access: ReadAccess, pulse: Pulse): Promise<BlobProperties> {
    return propertiesOf(await this.#client.open({ method: "HEAD", ...access, headers: [] }, pulse));
  }

  async open(
    access: ReadAccess,
    range: (Range & { readonly ifMatch: string }) | undefined,
    pulse: Pulse,
  ): Promise<OpenedBlob> {
    const headers = range === undefined ? [] : ["x-ms-range", rangeText(range), "if-match", range.ifMatch];
    const exchange = await this.#client.open({ method: "GET", ...access, headers }, pulse);
    try {
      return new RestDownload(exchange);
    } catch (thrown) {
      exchange.close();
      throw thrown;
    }
  }
}

class RestDownload implements OpenedBlob {
  readonly properties: BlobProperties;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.properties = propertiesOf(exchange);
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
  const answer = { systemCode: systemCodeOf(cause) ?? "ECONNRESET" };
  return new ServiceFailure("download", `the connection was lost: ${how}`, answer, { cause });
}

const METADATA = "x-ms-meta-";

function propertiesOf(exchange: Exchange): BlobProperties {
  const header = (name: string): string | undefined => exchange.header(name);
  // On a range, Content-Length and Content-MD5 speak of the range; these two speak of the blob.
  const whole = header("content-range")?.split("/")[1];
  const length = Number(whole ?? header("content-length") ?? Number.NaN);
  if (!Number.isSafeInteger(length)) throw new RangeError("the source's answer does not tell its length");
  return {
    length,
    etag: header("etag") ?? "",
    lastModified: Date.parse(header("last-modified") ?? "") || 0,
    contentMd5: header("x-ms-blob-content-md5") ?? (whole === undefined ? header("content-md5") : undefined),
    headers: {
      contentType: header("content-type"),
      contentEncoding: header("content-encoding"),
      contentLanguage: header("content-language"),
      contentDisposition: header("content-disposition"),
      cacheControl: header("cache-control"),
    },
    metadata: Object.fromEntries(
      Object.keys(exchange.headers)
        .filter((name) => name.startsWith(METADATA))
        .map((name) => [name.slice(METADATA.length), header(name) ?? ""]),
    ),
  };
}
