import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import { openFolder } from "../../../src/catalog/folder/folder.ts";
import { sourceFolder } from "../../../src/catalog/folder/source-folder.ts";
import type { FileChoice } from "../../../src/core/file-filter.ts";
import { parseSourcePrefix } from "../../../src/core/source-prefix.ts";

export interface TestFolder extends AsyncDisposable {
  /** Of the files that work items have; beside it there is room for others. */
  readonly path: string;
  at(name: string): string;
  /** Writes files whose content is their name. */
  put(...names: readonly string[]): Promise<void>;
  open(prefix?: string, takes?: FileChoice): Promise<Catalog>;
}

export async function testFolder(): Promise<TestFolder> {
  const outer = await mkdtemp(join(tmpdir(), "reupload-folder-"));
  const path = join(outer, "files");
  await mkdir(path);
  const at = (name: string): string => join(path, name);
  return {
    path,
    at,
    async put(...names) {
      for (const name of names) {
        await mkdir(dirname(at(name)), { recursive: true });
        await writeFile(at(name), name);
      }
    },
    open: async (prefix = "{jobId}/{workItemId}/", takes) =>
      openFolder(sourceFolder(path, parseSourcePrefix(prefix)), takes),
    async [Symbol.asyncDispose]() {
      await rm(outer, { recursive: true });
    },
  };
}
