/** Small inputs for the command line: source blobs, the CSV that names their work items, the listing of the files. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { BlobSASPermissions } from "@azure/storage-blob";
import { emulator } from "./azurite.ts";
import { type ExpectedFile, md5Of, type Scene } from "./scene.ts";

export interface SourceSpec {
  readonly workItems: number;
  readonly filesEach: number;
  /** Bytes of each file. Default 2,000. */
  readonly bytes?: number;
  /** Sizes of further files of the first work item, in bytes; its names begin with `large`. */
  readonly large?: readonly number[];
  /** Makes the links' SAS end then; without it the links have no SAS. */
  readonly linksEnd?: Date;
}

export interface SourceFile extends ExpectedFile {
  readonly jobId: string;
  readonly workItemId: string;
  readonly fileName: string;
  readonly content: Buffer;
  /** Without SAS. */
  readonly uri: string;
  /** As in the listing. */
  readonly link: string;
}

const JOB_ID = "job-1";
/** Where the emulator is fastest. */
const AT_ONCE = 16;

/**
 * Fills a container of its own with random content and writes the scene's CSV and listing.
 *
 * @param connectionString of the account that the links name: the emulator, or a proxy before it
 */
export async function makeSource(
  scene: Scene,
  connectionString: string,
  spec: SourceSpec,
): Promise<SourceFile[]> {
  const { containerName } = await emulator().newContainer();
  const linked = emulator(connectionString).container(containerName);
  const files: SourceFile[] = [];
  for (let place = 0; place < spec.workItems; place++) {
    const workItemId = String(1_900_000_000 + place);
    const add = async (fileName: string, bytes: number): Promise<void> => {
      const content = randomBytes(bytes);
      const blob = linked.getBlobClient(`${workItemId}/${fileName}`);
      const link = spec.linksEnd === undefined ? blob.url : await linkUntil(blob, spec.linksEnd);
      files.push({
        ...{ jobId: JOB_ID, workItemId, fileName, content, uri: blob.url, link },
        ...{ blobName: `${workItemId}-${fileName}`, length: bytes, md5: md5Of(content) },
      });
    };
    if (place === 0) for (const [at, bytes] of (spec.large ?? []).entries()) await add(`large-${at}.json`, bytes);
    for (let at = 0; at < spec.filesEach; at++) await add(`file-${at}.json`, spec.bytes ?? 2000);
  }
  await uploadSources(containerName, files);
  await writeCsv(scene, files);
  await writeListing(scene, files);
  return files;
}

async function uploadSources(container: string, files: readonly SourceFile[]): Promise<void> {
  const target = emulator().container(container);
  const left = files.values();
  const worker = async (): Promise<void> => {
    for (const { workItemId, fileName, content } of left) {
      await target.getBlockBlobClient(`${workItemId}/${fileName}`).upload(content, content.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

type SasMaker = ReturnType<ReturnType<ReturnType<typeof emulator>["container"]>["getBlobClient"]>;

/** A link that lets read until then. */
export function linkUntil(blob: SasMaker, expiresOn: Date): Promise<string> {
  // Without a start it would begin at the signing machine's now, which may be after the end.
  const startsOn = new Date(expiresOn.getTime() - 24 * 60 * 60 * 1000);
  return blob.generateSasUrl({ permissions: BlobSASPermissions.from({ read: true }), startsOn, expiresOn });
}

/** Writes `failed_workitems.csv` with the work items of these files, in their order. */
export async function writeCsv(scene: Scene, files: readonly SourceFile[]): Promise<void> {
  const ids = new Set(files.map(({ jobId, workItemId }) => `${jobId},${workItemId}`));
  await writeFile(scene.path("failed_workitems.csv"), `${["JobId,WorkItemId", ...ids].join("\n")}\n`);
}

/** Writes `listing.csv` with these files and their links. */
export async function writeListing(
  scene: Scene,
  files: readonly Pick<SourceFile, "jobId" | "workItemId" | "fileName" | "link">[],
): Promise<void> {
  const rows = files.map(
    ({ jobId, workItemId, fileName, link }) => `${jobId},${workItemId},,${link},${fileName}`,
  );
  const header = "JobId,WorkItemId,WorkItemName,Uri,FileName";
  await writeFile(scene.path("listing.csv"), `${[header, ...rows].join("\n")}\n`);
}
