/** A small, plain input: every work item has the same number of small files, all distinct. */
import { hash } from "node:crypto";
import { ContainerSASPermissions } from "@azure/storage-blob";
import type { Scene } from "./scene.ts";

export interface PlainFile {
  readonly workItemId: string;
  readonly fileName: string;
  readonly sourceName: string;
  /** In the listing, without a SAS. */
  readonly uri: string;
  readonly blobName: string;
  readonly content: string;
  /** Base64. */
  readonly md5: string;
}

export interface PlainInput {
  readonly files: readonly PlainFile[];
  /** The file at this place; an error when there is none. */
  at(place: number): PlainFile;
}

/** Names in the order of the CSV: work items `w01`, `w02`, ..., files `f1.json`, ...; all of job `j`. */
export function planPlain(scene: Scene, workItems: number, filesEach: number): PlainInput {
  const files = Array.from({ length: workItems * filesEach }, (_, place) => {
    const workItemId = `w${String(Math.floor(place / filesEach) + 1).padStart(2, "0")}`;
    const fileName = `f${(place % filesEach) + 1}.json`;
    const content = JSON.stringify({ workItemId, fileName, text: "x".repeat(place * 7) });
    const sourceName = `${workItemId}/${fileName}`;
    return {
      workItemId,
      fileName,
      sourceName,
      uri: `${scene.proxy.blobEndpoint}/${scene.source}/${sourceName}`,
      blobName: `name-${workItemId}-${fileName}`,
      content,
      md5: hash("md5", content, "base64"),
    };
  });
  return {
    files,
    at(place) {
      const file = files[place];
      if (file === undefined) throw new RangeError(`there is no file ${place}`);
      return file;
    },
  };
}

/** Makes the source blobs, `failed_workitems.csv` and `listing.csv`. */
export async function makePlain(scene: Scene, workItems: number, filesEach: number): Promise<PlainInput> {
  const input = planPlain(scene, workItems, filesEach);
  await Promise.all(input.files.map((file) => putSource(scene, file)));
  await scene.write("failed_workitems.csv", csvOf(input));
  await scene.write("listing.csv", listingOf(input));
  return input;
}

export async function putSource(scene: Scene, file: PlainFile): Promise<void> {
  await putBlob(scene, scene.source, file.sourceName, file.content);
}

/** Puts a blob past the proxy. */
export async function putBlob(scene: Scene, container: string, name: string, content: string): Promise<void> {
  await scene.behind
    .container(container)
    .getBlockBlobClient(name)
    .upload(content, Buffer.byteLength(content));
}

export function csvOf({ files }: PlainInput): string {
  const ids = new Set(files.map(({ workItemId }) => workItemId));
  return `JobId,WorkItemId\n${[...ids].map((id) => `j,${id}\n`).join("")}`;
}

/** @param sas query with its question mark, put behind every link */
export function listingOf({ files }: PlainInput, sas = ""): string {
  const rows = files.map(
    ({ workItemId, uri, fileName }) => `j,${workItemId},name-${workItemId},${uri}${sas},${fileName}\n`,
  );
  return `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("")}`;
}

/** A read SAS of the source container that ends so many seconds from now. */
export async function sourceSas(scene: Scene, seconds: number): Promise<string> {
  const now = Date.now();
  const url = await scene.account.container(scene.source).generateSasUrl({
    permissions: ContainerSASPermissions.from({ read: true }),
    startsOn: new Date(now - 3_600_000),
    expiresOn: new Date(now + seconds * 1000),
  });
  return url.slice(url.indexOf("?"));
}
