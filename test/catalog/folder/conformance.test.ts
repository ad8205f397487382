import { pathToFileURL } from "node:url";
import { catalogConformance, type CatalogUnderTest, type ListedWorkItem } from "../conformance.ts";
import { testFolder } from "./support.ts";

function nameOf({ jobId, workItemId }: ListedWorkItem, fileName: string): string {
  return `${jobId}/${workItemId}/${fileName}`;
}

catalogConformance("a folder", async (contents): Promise<CatalogUnderTest> => {
  const folder = await testFolder();
  await folder.put(...contents.flatMap((listed) => listed.fileNames.map((name) => nameOf(listed, name))));
  return {
    catalog: await folder.open(),
    knowsNames: false,
    filesOf: (listed) =>
      listed.fileNames.map((fileName) => {
        const name = nameOf(listed, fileName);
        return { fileName, uri: pathToFileURL(folder.at(name)).href, length: Buffer.byteLength(name) };
      }),
    remove: async () => folder[Symbol.asyncDispose](),
  };
});
