import { ContainerClient, type Pipeline } from "@azure/storage-blob";
import type { AccountCredential, StorageAccount } from "./account.ts";
import type { Pulse } from "./attempt-clock.ts";
import type { ReadAccess } from "./blob-calls.ts";
import { blobPipeline } from "./sdk-pipelines.ts";
import { signedUrl } from "./signed-url.ts";

/** A blob as a listing tells it. */
export interface ListedBlob {
  readonly name: string;
  readonly length: number;
  /** Base64; undefined when the blob has none. */
  readonly contentMd5: string | undefined;
  /** An empty blob that stands for a folder and holds no file. */
  readonly isFolder: boolean;
}

export interface BlobPage {
  readonly blobs: readonly ListedBlob[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** List Blobs; one call is one HTTP request, and none retries. A thin REST client can stand behind it. */
export interface BlobLister {
  /**
   * One page of the committed blobs (no snapshots, no versions) whose name begins with `prefix`, in the order of names.
   *
   * @param from what the page before gave as `next`
   */
  page(
    container: ReadAccess,
    asked: { readonly prefix: string; readonly from?: string | undefined; readonly most: number },
    pulse: Pulse,
  ): Promise<BlobPage>;
}

/** `BlobLister` on @azure/storage-blob. */
export class SdkBlobLister implements BlobLister {
  readonly #credential: AccountCredential;
  readonly #anonymous: Pipeline;
  readonly #signedIn: Pipeline;

  constructor(account: StorageAccount) {
    this.#credential = account.credential;
    this.#anonymous = blobPipeline("anonymous");
    this.#signedIn = blobPipeline(account.credential);
  }

  async page(
    container: ReadAccess,
    asked: { readonly prefix: string; readonly from?: string | undefined; readonly most: number },
    pulse: Pulse,
  ): Promise<BlobPage> {
    const pages = this.#container(container)
      // The metadata marks what stands for a folder.
      .listBlobsFlat({ prefix: asked.prefix, includeMetadata: true, abortSignal: pulse.signal })
      .byPage({
        maxPageSize: asked.most,
        ...(asked.from === undefined ? {} : { continuationToken: asked.from }),
      });
    const { value: page } = (await pages.next()) as { readonly value: ListingPage | undefined };
    pulse.alive();
    return {
      blobs: (page?.segment.blobItems ?? []).map(listedBlob),
      next: page?.continuationToken === "" ? undefined : page?.continuationToken,
    };
  }

  #container(access: ReadAccess): ContainerClient {
    if (access.as === "anonymous") return new ContainerClient(access.url, this.#anonymous);
    return new ContainerClient(signedUrl(access.url, this.#credential), this.#signedIn);
  }
}

/** What is read of an answer. */
interface ListingPage {
  readonly continuationToken?: string;
  readonly segment: { readonly blobItems: readonly BlobItem[] };
}

interface BlobItem {
  readonly name: string;
  readonly properties: { readonly contentLength?: number; readonly contentMD5?: Uint8Array };
  readonly metadata?: Readonly<Record<string, string>>;
}

function listedBlob({ name, properties, metadata = {} }: BlobItem): ListedBlob {
  const { contentLength: length = 0, contentMD5: md5 } = properties;
  const isMarked = Object.entries(metadata).some(
    ([key, value]) => key.toLowerCase() === "hdi_isfolder" && value.toLowerCase() === "true",
  );
  return {
    name,
    length,
    contentMd5: md5 === undefined || md5.length === 0 ? undefined : Buffer.from(md5).toString("base64"),
    isFolder: length === 0 && (isMarked || name.endsWith("/")),
  };
}
