import { hash } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { emulator } from "../../support/azurite.ts";
import { catalogConformance, type CatalogUnderTest, type ListedWorkItem } from "../conformance.ts";
import { blobUrl, open } from "./support.ts";

/** Catalogs only read: all tests share the blobs. */
let filled: Promise<ContainerClient> | undefined;

async function fill(contents: readonly ListedWorkItem[]): Promise<ContainerClient> {
  const container = await emulator().newContainer();
  const names = contents.flatMap((listed) => listed.fileNames.map((name) => nameOf(listed, name)));
  await Promise.all(
    names.map(async (name) => container.getBlockBlobClient(name).upload(name, Buffer.byteLength(name))),
  );
  return container;
}

function nameOf({ jobId, workItemId }: ListedWorkItem, fileName: string): string {
  return `${jobId}/${workItemId}/${fileName}`;
}

catalogConformance("a container", async (contents): Promise<CatalogUnderTest> => {
  filled ??= fill(contents);
  const { url } = await filled;
  return {
    catalog: await open(url, { pageBlobs: 200 }),
    knowsNames: false,
    filesOf: (listed) =>
      listed.fileNames.map((fileName) => {
        const name = nameOf(listed, fileName);
        return {
          fileName,
          uri: blobUrl(url, name),
          length: Buffer.byteLength(name),
          contentMd5: hash("md5", name, "base64"),
        };
      }),
    remove: async () => {},
  };
});
