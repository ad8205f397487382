import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type {
  BlobProperties,
  BlobReader,
  BlobWriter,
  CopySource,
  CreateOptions,
  OpenedBlob,
  Range,
  ReadAccess,
} from "./blob-calls.ts";
import type { Pacer } from "../gate/pacer.ts";

/** Waits, with the attempt's clocks stopped, until so many bytes may pass. */
async function holdBack(bandwidth: Pacer, bytes: number, pulse: AttemptContext): Promise<void> {
  if (bytes === 0 || bandwidth.passAtOnce(bytes)) return;
  const held = bandwidth.pass(bytes, pulse.waitSignal);
  if (held !== undefined) await pulse.hold(held);
}

/** A writer whose bodies pass at the operator's bandwidth; what the service copies itself is none of it. */
export class BrakedWriter implements BlobWriter {
  readonly #writer: BlobWriter;
  readonly #bandwidth: Pacer;

  constructor(writer: BlobWriter, bandwidth: Pacer) {
    this.#writer = writer;
    this.#bandwidth = bandwidth;
  }

  blobUrl(name: string): string {
    return this.#writer.blobUrl(name);
  }

  async putBlob(name: string, body: Buffer, options: CreateOptions, pulse: AttemptContext): Promise<void> {
    await holdBack(this.#bandwidth, body.length, pulse);
    return this.#writer.putBlob(name, body, options, pulse);
  }

  async putBlock(
    name: string,
    blockId: string,
    body: Buffer,
    contentMd5: string,
    pulse: AttemptContext,
  ): Promise<void> {
    await holdBack(this.#bandwidth, body.length, pulse);
    return this.#writer.putBlock(name, blockId, body, contentMd5, pulse);
  }

  putBlobFromUrl(
    name: string,
    source: CopySource,
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    return this.#writer.putBlobFromUrl(name, source, options, pulse);
  }

  async putBlockFromUrl(
    name: string,
    blockId: string,
    source: CopySource,
    range: Range & { readonly ifMatch: string },
    pulse: AttemptContext,
  ): Promise<void> {
    return this.#writer.putBlockFromUrl(name, blockId, source, range, pulse);
  }

  async putBlockList(
    name: string,
    blockIds: readonly string[],
    options: CreateOptions,
    pulse: AttemptContext,
  ): Promise<void> {
    return this.#writer.putBlockList(name, blockIds, options, pulse);
  }

  async uncommittedBlocks(name: string, pulse: AttemptContext): Promise<ReadonlySet<string>> {
    return this.#writer.uncommittedBlocks(name, pulse);
  }
}

/** A reader whose bodies pass at the operator's bandwidth. */
export class BrakedReader implements BlobReader {
  readonly #reader: BlobReader;
  readonly #bandwidth: Pacer;

  constructor(reader: BlobReader, bandwidth: Pacer) {
    this.#reader = reader;
    this.#bandwidth = bandwidth;
  }

  async properties(access: ReadAccess, pulse: AttemptContext): Promise<BlobProperties> {
    return this.#reader.properties(access, pulse);
  }

  async open(
    access: ReadAccess,
    range: (Range & { readonly ifMatch: string }) | undefined,
    pulse: AttemptContext,
  ): Promise<OpenedBlob> {
    const opened = await this.#reader.open(access, range, pulse);
    const bandwidth = this.#bandwidth;
    return {
      properties: opened.properties,
      async readInto(buffer) {
        await holdBack(bandwidth, buffer.length, pulse);
        await opened.readInto(buffer);
      },
      async *chunks() {
        for await (const chunk of opened.chunks()) {
          await holdBack(bandwidth, chunk.length, pulse);
          yield chunk;
        }
      },
      close: () => opened.close(),
    };
  }
}
