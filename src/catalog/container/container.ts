/**
 * The `container` catalog: a work item's files are the blobs below its folder in a container, `{jobId}/{workItemId}/`
 * unless said otherwise. Its list is asked for page by page when the work item is looked up; names, lengths and MD5s
 * are the service's own. Empty blobs that stand for a folder hold no file and are passed over.
 */
import {
  type Attempts,
  type BlobLister,
  type BlobPage,
  type ListedBlob,
  type PageQuestion,
  RequestBudget,
  RestBlobLister,
  type RestClient,
  ServiceFailure,
  type Gate,
  type SourceLink,
  SourceLinks,
} from "../../azure/azure.ts";
import { ReuploadError } from "../../core/errors.ts";
import { FileFailure } from "../../core/failure.ts";
import type { CatalogFile } from "../../core/file.ts";
import type { FileChoice } from "../../core/file-filter.ts";
import type { Secret } from "../../core/secret.ts";
import { encodeName } from "../../core/target-name.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { Catalog } from "../catalog.ts";
import { type FileFinder, type FoundFiles, perWorkItemCatalog } from "../per-work-item.ts";
import { workItemFolder } from "../work-item-folder.ts";
import type { SourceContainer } from "./source-container.ts";

export interface ContainerOptions {
  readonly source: SourceContainer;
  /** `REUPLOAD_SOURCE_SAS`, with rights to read and list; without one, the sign-in or key of the target account. */
  readonly sas: Secret | undefined;
  readonly client: RestClient;
  readonly attempts: Attempts;
  /** The gate of a source account, by its URL. */
  readonly sourceGate: (accountUrl: string) => Gate;
  readonly signal: AbortSignal;
  /** Which files are taken; all when left out. */
  readonly takes?: FileChoice | undefined;
  /** Blobs a page; when left out, the most that the service gives. */
  readonly pageBlobs?: number;
}

const MOST_BLOBS = 5000;
/** How long one page may take, with all its attempts, ms. */
const PAGE_LIMIT_MS = 10 * 60_000;

/**
 * Opens a container, and looks once whether it may be listed.
 *
 * @throws ReuploadError `source-invalid`, `permission`, `sign-in`, `unavailable`; the signal's reason
 */
export async function openContainer(options: ContainerOptions): Promise<Catalog> {
  const finder = new ContainerFinder(options);
  await finder.probe(options.signal);
  return perWorkItemCatalog(finder);
}

class ContainerFinder implements FileFinder {
  readonly identity: string;
  readonly batchSize = 4;
  readonly #options: ContainerOptions;
  readonly #lister: BlobLister;
  readonly #link: SourceLink;
  /** What follows a blob's URL in its link; empty without a SAS. */
  readonly #query: string;

  constructor(options: ContainerOptions) {
    const { source, sas, client } = options;
    this.identity = source.identity;
    this.#options = options;
    this.#lister = new RestBlobLister(client);
    this.#query = sas === undefined ? "" : `?${sas.reveal().replace(/^\?/, "")}`;
    this.#link = new SourceLinks(client.surroundings, client.account).resolve(source.url + this.#query);
  }

  /** @throws ReuploadError when the container cannot be listed */
  async probe(signal: AbortSignal): Promise<void> {
    const { text } = this.#options.source.prefix;
    const prefix = text.slice(0, text.indexOf("{"));
    try {
      await this.#page({ prefix, most: 1 }, signal);
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure)) throw thrown;
      const code = thrown.status === 404 || thrown.status === 400 ? "source-invalid" : "unavailable";
      throw this.#refusal(thrown) ?? this.#trouble(code, thrown);
    }
  }

  async find(workItem: WorkItem, { signal }: { signal: AbortSignal }): Promise<FoundFiles> {
    const { source, pageBlobs: most = MOST_BLOBS } = this.#options;
    const prefix = workItemFolder(source.prefix, workItem);
    const files: CatalogFile[] = [];
    const leftOut: CatalogFile[] = [];
    const problems: string[] = [];
    try {
      const begun = new Set<string>();
      let from: string | undefined;
      do {
        const page = await this.#page({ prefix, from, most }, signal);
        for (const blob of page.blobs) {
          if (blob.isFolder) continue;
          const file = this.#toFile(blob, prefix);
          if (typeof file === "string") problems.push(file);
          else (this.#takes(file, blob) ? files : leftOut).push(file);
        }
        from = page.next;
        if (from !== undefined && begun.has(from)) throw endless(prefix);
        if (from !== undefined) begun.add(from);
      } while (from !== undefined);
    } catch (thrown) {
      throw thrown instanceof ServiceFailure ? this.#failedLookup(thrown) : thrown;
    }
    return { files, leftOut, problems };
  }

  #takes({ fileName, length }: CatalogFile, { lastModified: modifiedAt }: ListedBlob): boolean {
    return this.#options.takes?.({ fileName, length, modifiedAt }) ?? true;
  }

  async #page(asked: PageQuestion, signal: AbortSignal): Promise<BlobPage> {
    const { attempts, sourceGate } = this.#options;
    const effort = new RequestBudget(signal, PAGE_LIMIT_MS);
    return attempts.run(sourceGate(this.#link.accountUrl), effort, "list blobs", async (pulse) =>
      this.#lister.page(this.#link.read, asked, pulse),
    );
  }

  /** The blob as a file; in words why it cannot be one. */
  #toFile({ name, length, contentMd5 }: ListedBlob, prefix: string): CatalogFile | string {
    const fileName = name.slice(prefix.length);
    if (fileName === "") return `the blob ${name} has the same name as the folder`;
    const url = `${this.#options.source.url}/${encodeName(name)}`;
    // A URL has no `.` and `..` segments: it would lead to another blob.
    if (new URL(url).href !== url) return `no link can address the blob ${name}`;
    const file = { fileName, uri: url + this.#query, length };
    return contentMd5 === undefined ? file : { ...file, contentMd5 };
  }

  /** What a failed page means: for the run as a whole, or for the work item alone. */
  #failedLookup(failure: ServiceFailure): ReuploadError | FileFailure {
    const isGone = failure.errorCode === "ContainerNotFound" || failure.errorCode === "ContainerBeingDeleted";
    if (isGone) return this.#trouble("unavailable", failure);
    return (
      this.#refusal(failure) ??
      new FileFailure("catalog-error", `its blobs could not be listed: ${failure.message}`, {
        attempts: failure.attempts,
        requestId: failure.requestId,
        cause: failure,
      })
    );
  }

  #refusal(failure: ServiceFailure): ReuploadError | undefined {
    const isRefused = failure.status === 401 || failure.status === 403;
    return isRefused ? this.#trouble("permission", failure) : undefined;
  }

  #trouble(code: "permission" | "source-invalid" | "unavailable", cause: ServiceFailure): ReuploadError {
    const message = `The source container ${this.#options.source.url} cannot be listed: ${cause.message}`;
    const advice =
      "Ask for the role Storage Blob Data Reader on the container, or set REUPLOAD_SOURCE_SAS to a SAS with the rights to read and list (rl). Then run again.";
    return new ReuploadError(code, message, code === "permission" ? { advice, cause } : { cause });
  }
}

/** Without this a lookup would go round for ever. */
function endless(prefix: string): FileFailure {
  return new FileFailure(
    "catalog-error",
    `its blobs could not be listed: the list of ${prefix} returned the same next page twice`,
  );
}
