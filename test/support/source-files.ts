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
  const files = await Promise.all(
    plannedFiles(spec).map(async ({ workItemId, fileName, bytes }): Promise<SourceFile> => {
      const blob = linked.getBlobClient(`${workItemId}/${fileName}`);
      const link = spec.linksEnd === undefined ? blob.url : await linkUntil(blob, spec.linksEnd);
      const content = randomBytes(bytes);
      const blobName = `${workItemId}-${fileName}`;
      const names = { jobId: JOB_ID, workItemId, fileName, blobName, uri: blob.url, link };
      return { ...names, content, length: bytes, md5: md5Of(content) };
    }),
  );
  await uploadSources(containerName, files);
  await writeCsv(scene, files);
  await writeListing(scene, files);
  return files;
}

interface PlannedFile {
  readonly workItemId: string;
  readonly fileName: string;
  readonly bytes: number;
}

function plannedFiles({ workItems, filesEach, bytes = 2000, large = [] }: SourceSpec): PlannedFile[] {
  return Array.from({ length: workItems }, (_, place) => {
    const workItemId = String(1_900_000_000 + place);
    const sizes = place === 0 ? large : [];
    return [
      ...sizes.map((size, at) => ({ workItemId, fileName: `large-${at}.json`, bytes: size })),
      ...Array.from({ length: filesEach }, (_file, at) => ({
        workItemId,
        fileName: `file-${at}.json`,
        bytes,
      })),
    ];
  }).flat();
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
