import { createHash } from "node:crypto";
import {
  type AttemptContext,
  type Attempts,
  type BlobProperties,
  type BlobReader,
  type OpenedBlob,
  type ReadAccess,
  type RequestBudget,
  ServiceFailure,
  type Gate,
  type SourceLink,
} from "../azure/azure.ts";
import { untilLinkBegins } from "../core/link-times.ts";
import type { HeldBuffer } from "./buffers.ts";
import { ofSource } from "./failures.ts";
import type { ReadPart, ReadThrough, Source, VersionRange } from "./source.ts";
import type { TransferTools } from "./tools.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** A blob that is read through its link. */
export class BlobSource implements Source {
  readonly link: SourceLink;
  readonly #tools: TransferTools;
  readonly #effort: RequestBudget;
  /** Bytes of its first part, as far as the catalog knows. */
  readonly #firstBytes: number | undefined;

  /** @param length of the whole blob, as the catalog tells it */
  constructor(tools: TransferTools, link: SourceLink, effort: RequestBudget, length?: number) {
    this.#tools = tools;
    this.link = link;
    this.#effort = effort;
    this.#firstBytes = length === undefined ? undefined : Math.min(length, tools.settings.blockBytes);
  }

  async properties(): Promise<BlobProperties> {
    const { attempts, reader } = this.#tools;
    return this.#onceBegun(async () =>
      attempts.run(this.#gate, this.#effort, "look at source", async (pulse) =>
        reader.properties(this.link.read, pulse),
      ),
    );
  }

  async readPart(range: VersionRange | undefined): Promise<ReadPart> {
    return this.#onceBegun(async () =>
      this.#tools.attempts.run(this.#gate, this.#effort, "read source", async (pulse) =>
        this.#readPart(range, pulse),
      ),
    );
  }

  async #readPart(range: VersionRange | undefined, pulse: AttemptContext): Promise<ReadPart> {
    const { reader, settings, buffers } = this.#tools;
    const bytes = range?.count ?? this.#firstBytes;
    const begun =
      buffers.beginReadNow(bytes) ?? (await pulse.hold(buffers.beginRead(bytes, pulse.waitSignal)));
    let opened: OpenedBlob | undefined;
    let held: HeldBuffer | undefined;
    try {
      opened = await reader.open(this.link.read, range, pulse);
      const { properties } = opened;
      const count = range?.count ?? Math.min(properties.length, settings.blockBytes);
      held = await pulse.hold(begun.acquire(count, pulse.signal));
      await opened.readInto(held.bytes);
      return { properties, body: held.bytes, release: held.release };
    } catch (thrown) {
      held?.release();
      throw thrown;
    } finally {
      begun.end();
      opened?.close();
    }
  }

  async readThrough(): Promise<ReadThrough> {
    return this.#onceBegun(async () =>
      readBlobThrough(this.#tools, this.link.read, this.#gate, this.#effort),
    );
  }

  /** A link that begins in a moment is waited for, once. */
  async #onceBegun<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (thrown) {
      if (!(await linkHasBegun(this.#tools.surroundings, this.link, thrown, this.#effort.signal)))
        return ofSource(Promise.reject(thrown));
    }
    return ofSource(read());
  }

  get #gate(): Gate {
    return this.#tools.sourceGate(this.link.accountUrl);
  }
}

/**
 * Waits for the link's beginning when it was refused for that.
 *
 * @param thrown what the refused request threw
 * @returns whether it was waited for, so that asking again is worth it
 */
export async function linkHasBegun(
  surroundings: Surroundings,
  link: SourceLink,
  thrown: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(thrown instanceof ServiceFailure) || thrown.status !== 403) return false;
  const ms = untilLinkBegins(link.read.url, thrown.answeredAt ?? surroundings.wall());
  if (ms === undefined) return false;
  // The service tells whole seconds.
  await sleep(surroundings, ms + 1_000, signal);
  return true;
}

/** Reads a blob through. @throws ServiceFailure */
export async function readBlobThrough(
  { attempts, reader }: { readonly attempts: Attempts; readonly reader: BlobReader },
  access: ReadAccess,
  gate: Gate,
  effort: RequestBudget,
): Promise<ReadThrough> {
  return attempts.run(gate, effort, "read to compare", async (pulse) => {
    const opened = await reader.open(access, undefined, pulse);
    const md5 = createHash("md5");
    let bytes = 0;
    try {
      for await (const chunk of opened.chunks()) {
        md5.update(chunk);
        bytes += chunk.length;
      }
    } finally {
      opened.close();
    }
    if (bytes !== opened.properties.length) {
      throw new Error(`the download ended after ${bytes} of ${opened.properties.length} bytes`);
    }
    return { md5: md5.digest("base64"), properties: opened.properties };
  });
}
