import { Readable } from "node:stream";
import { type BlobHTTPHeaders, BlockBlobClient, type Pipeline } from "@azure/storage-blob";
import type { AccountCredential, StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { blobUrl } from "../../../src/azure/calls/blob-url.ts";
import type { BlobWriter, CopySource, CreateOptions, Range } from "../../../src/azure/calls/blob-calls.ts";
import { blobPipeline } from "./pipelines.ts";
import { signedUrl } from "../../../src/azure/calls/signed-url.ts";
import { toServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** `BlobWriter` on @azure/storage-blob: what the client of our own is held against. */
export class SdkBlobWriter implements BlobWriter {
  readonly #containerUrl: string;
  readonly #credential: AccountCredential;
  readonly #pipeline: Pipeline;

  constructor(account: StorageAccount, container: string) {
    this.#containerUrl = `${account.blobEndpoint}/${container}`;
    this.#credential = account.credential;
    this.#pipeline = blobPipeline(account.credential);
  }

  blobUrl(name: string): string {
    return blobUrl(this.#containerUrl, name);
  }

  async putBlob(name: string, body: Buffer, options: CreateOptions, pulse: AttemptContext): Promise<void> {
    await this.#blob(name).upload(sendable(body), body.length, {
      abortSignal: pulse.signal,
      onProgress: pulse.alive,
      ...creation(options),
    });
  }

  async putBlobFromUrl(
    name: string,
    source: CopySource,
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    await this.#blob(name).syncUploadFromURL(source.url, {
      abortSignal: pulse.signal,
      copySourceBlobProperties: true,
      ...creation(options),
      ...authorization(source),
      ...(source.contentMd5 === undefined ? {} : { sourceContentMD5: bytesOf(source.contentMd5) }),
    });
  }

  async putBlock(
    name: string,
    blockId: string,
    body: Buffer,
    contentMd5: string,
    pulse: AttemptContext,
  ): Promise<void> {
    await this.#blob(name).stageBlock(blockId, sendable(body), body.length, {
      abortSignal: pulse.signal,
      onProgress: pulse.alive,
      transactionalContentMD5: bytesOf(contentMd5),
    });
  }

  async putBlockFromUrl(
    name: string,
    blockId: string,
    source: CopySource,
    range: Range & { readonly ifMatch: string },
    pulse: AttemptContext,
  ): Promise<void> {
    // The SDK's own method takes no source conditions, so the header goes in below it.
    const pipeline = blobPipelineWith(this.#credential, "x-ms-source-if-match", range.ifMatch);
    await this.#blob(name, pipeline).stageBlockFromURL(blockId, source.url, range.offset, range.count, {
      abortSignal: pulse.signal,
      ...authorization(source),
    });
  }

  async putBlockList(
    name: string,
    blockIds: readonly string[],
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    await this.#blob(name).commitBlockList([...blockIds], {
      abortSignal: pulse.signal,
      ...creation(options),
    });
  }

  async uncommittedBlocks(name: string, pulse: AttemptContext): Promise<ReadonlySet<string>> {
    try {
      const list = await this.#blob(name).getBlockList("uncommitted", { abortSignal: pulse.signal });
      return new Set((list.uncommittedBlocks ?? []).map((block) => block.name));
    } catch (thrown) {
      const failure = toServiceFailure(thrown, "get block list", REAL_SURROUNDINGS.wall());
      if (failure?.status === 404) return new Set();
      throw thrown;
    }
  }

  #blob(name: string, pipeline = this.#pipeline): BlockBlobClient {
    return new BlockBlobClient(signedUrl(this.blobUrl(name), this.#credential), pipeline);
  }
}

/** A larger body goes in slices: a whole one shows no sign of life until its last byte has left. */
const SLICE_BYTES = 64 * 1024;

function sendable(body: Buffer): Buffer | (() => Readable) {
  return body.length <= SLICE_BYTES ? body : () => Readable.from(slices(body));
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += SLICE_BYTES) yield body.subarray(at, at + SLICE_BYTES);
}

function creation(options: CreateOptions) {
  const { headers, contentMd5 } = options;
  const blobHTTPHeaders: BlobHTTPHeaders = {
    ...(headers.contentType === undefined ? {} : { blobContentType: headers.contentType }),
    ...(headers.contentEncoding === undefined ? {} : { blobContentEncoding: headers.contentEncoding }),
    ...(headers.contentLanguage === undefined ? {} : { blobContentLanguage: headers.contentLanguage }),
    ...(headers.contentDisposition === undefined
      ? {}
      : { blobContentDisposition: headers.contentDisposition }),
    ...(headers.cacheControl === undefined ? {} : { blobCacheControl: headers.cacheControl }),
    ...(contentMd5 === undefined ? {} : { blobContentMD5: bytesOf(contentMd5) }),
  };
  return {
    blobHTTPHeaders,
    metadata: { ...options.metadata },
    ...(options.accessTier === undefined ? {} : { tier: options.accessTier }),
    ...(options.tags === undefined ? {} : { tags: { ...options.tags } }),
    conditions: options.createOnly ? { ifNoneMatch: "*" } : {},
  };
}

function authorization(source: CopySource) {
  return source.bearer === undefined
    ? {}
    : { sourceAuthorization: { scheme: "Bearer", value: source.bearer } };
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}

/** A pipeline of its own with one more header, set before the request is signed. */
function blobPipelineWith(credential: AccountCredential, name: string, value: string): Pipeline {
  const pipeline = blobPipeline(credential);
  pipeline.factories.unshift({
    create: (next) => ({
      sendRequest: async (request) => {
        request.headers.set(name, value);
        return next.sendRequest(request);
      },
    }),
  });
  return pipeline;
}
