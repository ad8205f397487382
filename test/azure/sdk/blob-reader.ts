import { BlobClient, type Pipeline } from "@azure/storage-blob";
import { errorMessageText, systemErrorCode } from "../../../src/core/errors.ts";
import type { AccountCredential, StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import type {
  BlobProperties,
  BlobReader,
  OpenedBlob,
  Range,
  ReadAccess,
} from "../../../src/azure/calls/blob-calls.ts";
import { blobPipeline } from "./pipelines.ts";
import { signedUrl } from "../../../src/azure/calls/signed-url.ts";
import { ServiceFailure } from "../../../src/azure/wire/service-error.ts";

/** `BlobReader` on @azure/storage-blob: what the client of our own is held against. */
export class SdkBlobReader implements BlobReader {
  readonly #credential: AccountCredential;
  readonly #anonymous: Pipeline;
  readonly #signedIn: Pipeline;

  constructor(account: StorageAccount) {
    this.#credential = account.credential;
    this.#anonymous = blobPipeline("anonymous");
    this.#signedIn = blobPipeline(account.credential);
  }

  async properties(access: ReadAccess, pulse: AttemptContext): Promise<BlobProperties> {
    return propertiesOf(await this.#blob(access).getProperties({ abortSignal: pulse.signal }));
  }

  async open(
    access: ReadAccess,
    range: (Range & { readonly ifMatch: string }) | undefined,
    pulse: AttemptContext,
  ): Promise<OpenedBlob> {
    const response = await this.#blob(access).download(range?.offset ?? 0, range?.count, {
      abortSignal: pulse.signal,
      maxRetryRequests: 0,
      ...(range === undefined ? {} : { conditions: { ifMatch: range.ifMatch } }),
    });
    pulse.alive();
    return new SdkDownload(propertiesOf(response), response.readableStreamBody, pulse);
  }

  #blob(access: ReadAccess): BlobClient {
    if (access.as === "anonymous") return new BlobClient(access.url, this.#anonymous);
    return new BlobClient(signedUrl(access.url, this.#credential), this.#signedIn);
  }
}

class SdkDownload implements OpenedBlob {
  readonly properties: BlobProperties;
  readonly #body: (NodeJS.ReadableStream & { destroy?(): void }) | undefined;
  readonly #pulse: AttemptContext;

  constructor(properties: BlobProperties, body: NodeJS.ReadableStream | undefined, pulse: AttemptContext) {
    this.properties = properties;
    this.#body = body;
    this.#pulse = pulse;
    // The connection may break while nobody reads (a slot waits for a buffer), and an error event without a listener
    // ends the process. Who reads later gets the error then.
    body?.on("error", () => {});
  }

  async readInto(buffer: Buffer): Promise<void> {
    let filled = 0;
    if (buffer.length > 0) {
      for await (const chunk of this.chunks()) {
        filled += chunk.copy(buffer, filled);
        if (filled === buffer.length) break;
      }
    }
    this.close();
    if (filled !== buffer.length) throw lost(`it ended after ${filled} of ${buffer.length} bytes`);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#body === undefined) return;
    try {
      for await (const chunk of this.#body) {
        this.#pulse.alive();
        yield chunk as Buffer;
      }
    } catch (thrown) {
      throw lost(errorMessageText(thrown), thrown);
    }
  }

  close(): void {
    this.#body?.destroy?.();
  }
}

/** The connection was lost in the middle of the body; the SDK's own errors for that have no code. */
function lost(how: string, cause?: unknown): ServiceFailure {
  const answer = { systemCode: systemErrorCode(cause) ?? "ECONNRESET" };
  return new ServiceFailure("download", `the connection was lost: ${how}`, answer, { cause });
}

/** The fields that a HEAD and a GET have in common. */
interface PropertyResponse {
  readonly contentLength?: number | undefined;
  readonly contentRange?: string | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly contentMD5?: Uint8Array | undefined;
  readonly blobContentMD5?: Uint8Array | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly metadata?: Record<string, string> | undefined;
}

function propertiesOf(response: PropertyResponse): BlobProperties {
  // On a range, Content-Length and Content-MD5 speak of the range; these two speak of the blob.
  const whole = response.contentRange?.split("/")[1];
  const md5 = response.blobContentMD5 ?? (whole === undefined ? response.contentMD5 : undefined);
  return {
    length: whole === undefined ? (response.contentLength ?? 0) : Number(whole),
    etag: response.etag ?? "",
    lastModified: response.lastModified?.getTime() ?? 0,
    contentMd5: md5 === undefined ? undefined : Buffer.from(md5).toString("base64"),
    headers: {
      contentType: response.contentType,
      contentEncoding: response.contentEncoding,
      contentLanguage: response.contentLanguage,
      contentDisposition: response.contentDisposition,
      cacheControl: response.cacheControl,
    },
    metadata: response.metadata ?? {},
  };
}
