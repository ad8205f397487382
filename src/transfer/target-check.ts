import {
  type BlobLister,
  type BlobPage,
  type ReadAccess,
  RequestBudget,
  RestBlobLister,
  type RestClient,
  ServiceFailure,
} from "../azure/azure.ts";
import { ReuploadError } from "../core/errors.ts";
import { FileFailure } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import { compareBytes, compareKnown, readProperties, typeDifference } from "./compare.ts";
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
      yield { blobs: page.blobs, isLast: page.next === undefined };
      from = page.next;
      if (from !== undefined && begun.has(from)) {
        throw new ReuploadError("unavailable", `The list of ${prefix} returned the same next page twice.`);
      }
      if (from !== undefined) begun.add(from);
    } while (from !== undefined);
  }

  judge(file: CatalogFile, there: TargetBlob): FileCheck {
    const { contentType } = this.#tools.settings;
    const compared = compareKnown(there, file);
    if (compared.kind === "different") return compared;
    const how = typeDifference(there.contentType, contentType === "source" ? undefined : contentType);
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
      const found = there ?? (await this.#find(job));
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

  async #find({ blobName: name, effort }: Job): Promise<TargetBlob | undefined> {
    const url = this.#tools.writer.blobUrl(name);
    this.cost.looks++;
    const found = await readProperties(this.#tools, { url, as: "account" }, effort);
    if (found === undefined) return undefined;
    const { length, contentMd5, headers } = found;
    return { name, length, contentMd5, contentType: headers.contentType };
  }

  async #readBoth(job: Job, there: TargetBlob): Promise<FileCheck> {
    if (this.#tools.settings.contentType === "source") {
      this.cost.looks++;
      const { headers } = await job.source.properties();
      const how = typeDifference(there.contentType, headers.contentType);
      if (how !== undefined) return { kind: "different", how };
    }
    this.cost.reads += 2;
    this.cost.bytesRead += 2 * there.length;
    const compared = await compareBytes(this.#tools, job, job.source, there);
    return compared.kind === "different" ? compared : { kind: "same", provenBy: "bytes" };
  }

  async #page(prefix: string, from: string | undefined, signal: AbortSignal): Promise<BlobPage> {
    const { attempts, targetGate } = this.#tools;
    const effort = new RequestBudget(signal, PAGE_LIMIT_MS);
    this.cost.lists++;
    try {
      return await attempts.run(targetGate, effort, "list target", async (pulse) =>
        this.#lister.page(this.#access, { prefix, from, most: this.#pageBlobs }, pulse),
      );
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure)) throw thrown;
      const isRefused = thrown.status === 401 || thrown.status === 403;
      throw new ReuploadError(
        isRefused ? "permission" : "unavailable",
        `The target container cannot be listed: ${thrown.message}`,
        isRefused ? { advice: LIST_ADVICE, cause: thrown } : { cause: thrown },
      );
    }
  }
}

const LIST_ADVICE =
  "Ask for the role Storage Blob Data Reader on the container, or give a SAS with the rights to read and list (rl).";
