import {
  type BlobLister,
  type BlobPage,
  type ListedBlob,
  type ReadAccess,
  RequestBudget,
  RestBlobLister,
  type RestClient,
  ServiceFailure,
} from "../azure/azure.ts";
import { isEmpty } from "../core/blob-attributes.ts";
import { ReuploadError } from "../core/errors.ts";
import { FileFailure } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import {
  attributeDifference,
  toldByList,
  toldByProperties,
  wantedAttributes,
} from "./attribute-differences.ts";
import { compareBytes, compareKnown, readProperties } from "./compare.ts";
import { type Job, makeJob, type TransferTools } from "./tools.ts";
import type { CheckCost, CheckDepth, FileCheck, TargetBlob, TargetCheck, TargetPage } from "./transfer.ts";

/** The most that the service gives. */
const PAGE_BLOBS = 5_000;
/** How long one page may take, with all its attempts, ms. */
const PAGE_LIMIT_MS = 10 * 60_000;

export interface TargetCheckOptions {
  readonly client: RestClient;
  readonly container: string;
  /** Blobs a page; when left out, the most that the service gives. */
  readonly pageBlobs?: number;
}

/** `TargetCheck` on the container that the tools write to. */
export class ContainerCheck implements TargetCheck {
  readonly cost: { -readonly [Name in keyof CheckCost]: number } = {
    lists: 0,
    looks: 0,
    reads: 0,
    bytesRead: 0,
  };
  readonly #tools: TransferTools;
  readonly #lister: BlobLister;
  readonly #access: ReadAccess;
  readonly #pageBlobs: number;

  constructor(tools: TransferTools, { client, container, pageBlobs = PAGE_BLOBS }: TargetCheckOptions) {
    this.#tools = tools;
    this.#lister = new RestBlobLister(client);
    this.#access = { url: `${client.account.blobEndpoint}/${container}`, as: "account" };
    this.#pageBlobs = pageBlobs;
  }

  async *list(prefix: string, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<TargetPage> {
    let from: string | undefined;
    const begun = new Set<string>();
    do {
      const page: BlobPage = await this.#page(prefix, from, signal);
      yield { blobs: page.blobs.map(listedBlob), isLast: page.next === undefined };
      from = page.next;
      if (from !== undefined && begun.has(from)) {
        throw new ReuploadError("unavailable", `The list of ${prefix} returned the same next page twice.`);
      }
      if (from !== undefined) begun.add(from);
    } while (from !== undefined);
  }

  judge(file: CatalogFile, there: TargetBlob): FileCheck {
    const compared = compareKnown(there, file);
    if (compared.kind === "different") return compared;
    const how = attributeDifference(there, wantedAttributes(this.#tools.settings, undefined));
    return how === undefined ? compared : { kind: "different", how };
  }

  async look(
    file: CatalogFile,
    blobName: string,
    {
      depth,
      there,
      signal,
    }: {
      readonly depth: CheckDepth;
      readonly there?: TargetBlob | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<FileCheck> {
    try {
      const job = makeJob(this.#tools, file, blobName, { signal });
      const found = there ?? (await this.#find(job, signal));
      if (found === undefined) return { kind: "missing" };
      const judged = this.judge(file, found);
      return judged.kind === "different" || depth === "properties"
        ? judged
        : await this.#readBoth(job, found);
    } catch (thrown) {
      if (!(thrown instanceof FileFailure)) throw thrown;
      return { kind: "unreadable", code: thrown.code, message: thrown.message };
    }
  }

  /** The properties of a blob tell no tags; the list does. */
  async #find({ blobName: name, effort }: Job, signal: AbortSignal): Promise<TargetBlob | undefined> {
    if (this.#wantsTags) {
      const { blobs } = await this.#page(name, undefined, signal, 1);
      const [first] = blobs;
      return first?.name === name ? listedBlob(first) : undefined;
    }
    const url = this.#tools.writer.blobUrl(name);
    this.cost.looks++;
    const found = await readProperties(this.#tools, { url, as: "account" }, effort);
    if (found === undefined) return undefined;
    const { length, contentMd5, headers } = found;
    const attributes = toldByProperties(found);
    return { name, length, contentMd5, contentType: headers.contentType, attributes };
  }

  async #readBoth(job: Job, there: TargetBlob): Promise<FileCheck> {
    const { settings } = this.#tools;
    // What a download does not tell, and what is worth knowing before everything is read.
    if (settings.contentType === "source" || settings.attributes.tier === "source") {
      this.cost.looks++;
      const looked = await job.source.properties();
      const how = attributeDifference(there, wantedAttributes(settings, looked));
      if (how !== undefined) return { kind: "different", how };
    }
    this.cost.reads += 2;
    this.cost.bytesRead += 2 * there.length;
    const compared = await compareBytes(this.#tools, job, job.source, there);
    if (compared.kind === "different") return compared;
    const how = attributeDifference(there, wantedAttributes(settings, compared.source));
    return how === undefined ? { kind: "same", provenBy: "bytes" } : { kind: "different", how };
  }

  get #wantsTags(): boolean {
    return !isEmpty(this.#tools.settings.attributes.tags);
  }

  async #page(
    prefix: string,
    from: string | undefined,
    signal: AbortSignal,
    most = this.#pageBlobs,
  ): Promise<BlobPage> {
    const { attempts, targetGate } = this.#tools;
    const effort = new RequestBudget(signal, PAGE_LIMIT_MS);
    const asked = { prefix, from, most, withTags: this.#wantsTags };
    this.cost.lists++;
    try {
      return await attempts.run(targetGate, effort, "list target", async (pulse) =>
        this.#lister.page(this.#access, asked, pulse),
      );
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure)) throw thrown;
      const isRefused = thrown.status === 401 || thrown.status === 403;
      throw new ReuploadError(
        isRefused ? "permission" : "unavailable",
        `The target container cannot be listed: ${thrown.message}`,
        isRefused
          ? { advice: this.#wantsTags ? TAGS_ADVICE : LIST_ADVICE, cause: thrown }
          : { cause: thrown },
      );
    }
  }
}

function listedBlob(blob: ListedBlob): TargetBlob {
  const { name, length, contentMd5, contentType } = blob;
  return { name, length, contentMd5, contentType, attributes: toldByList(blob) };
}

const TAGS_ADVICE =
  "Ask for the role Storage Blob Data Owner on the container, or give a SAS with the rights to read, list and use tags (rlt); with --tags none no tags are compared.";
const LIST_ADVICE =
  "Ask for the role Storage Blob Data Reader on the container, or give a SAS with the rights to read and list (rl).";
