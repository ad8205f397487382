/** Catalogs with a filter, by real files, blobs and listings. */
import { utimes } from "node:fs/promises";
import { describe, expect, inject, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { chooseFiles } from "../../src/catalog/file-choice.ts";
import { filteredCatalog } from "../../src/catalog/filtered-catalog.ts";
import type { FileFilter } from "../../src/core/file-filter.ts";
import { makeReceipt } from "../../src/core/receipt.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { emulator } from "../support/azurite.ts";
import { open as openContainer } from "./container/support.ts";
import { testFolder } from "./folder/support.ts";

const { signal } = new AbortController();
const ITEM: WorkItem = { jobId: "j", workItemId: "1", workItemName: "" };
const choose = (filter: Partial<FileFilter>) =>
  chooseFiles({ include: [], exclude: [], ...filter }, Date.now());

async function lookUp(catalog: Catalog) {
  const found: { taken: string[]; leftOut: string[] }[] = [];
  for await (const { files, leftOut = [] } of catalog.lookup([ITEM], { signal })) {
    const names = (list: typeof files) => list.map(({ fileName }) => fileName).sort();
    found.push({ taken: names(files), leftOut: names(leftOut) });
  }
  return found[0];
}

async function* batches() {
  yield [ITEM];
}

describe("a folder", () => {
  it("takes files by name, size and the time on the disk", async () => {
    await using folder = await testFolder();
    await folder.put("j/1/a.json", "j/1/logs/b-longer.json", "j/1/c.tmp", "j/1/old.json");
    await utimes(folder.at("j/1/old.json"), new Date("2020-01-01T00:00Z"), new Date("2020-01-01T00:00Z"));
    const at = (text: string) => ({ kind: "at", at: Date.parse(text) }) as const;
    const takes = choose({
      include: ["*.json"],
      newerThan: at("2020-01-01"),
      smallerThan: "j/1/a.json".length,
    });
    expect(await lookUp(await folder.open(undefined, takes))).toEqual({
      taken: ["a.json"],
      leftOut: ["c.tmp", "logs/b-longer.json", "old.json"],
    });
    const older = choose({ olderThan: at("2020-01-01") });
    expect((await lookUp(await folder.open(undefined, older)))?.taken).toEqual(["old.json"]);
  });
});

describe("a container", () => {
  it("takes blobs by name, size and the service's time, over pages", async () => {
    const container = await emulator().newContainer();
    const put = async (name: string, content: string) =>
      container.getBlockBlobClient(`j/1/${name}`).upload(content, content.length);
    await Promise.all([
      put("a.json", "x"),
      put("logs/b.json", "xx"),
      put("empty.json", ""),
      put("c.tmp", "x"),
    ]);
    await put("last.json", "x");
    const { lastModified } = await container.getBlockBlobClient("j/1/last.json").getProperties();
    const at = (seconds: number) =>
      ({ kind: "at", at: (lastModified?.getTime() ?? 0) + seconds * 1_000 }) as const;
    const url = `${inject("emulator").blobEndpoint}/${container.containerName}`;
    const takes = choose({ exclude: ["*.tmp"], newerThan: at(-60), largerThan: 0 });
    expect(await lookUp(await openContainer(url, { takes, pageBlobs: 2 }))).toEqual({
      taken: ["a.json", "last.json", "logs/b.json"],
      leftOut: ["c.tmp", "empty.json"],
    });
    // The service's times have whole seconds: one bound is inclusive, the other is not.
    for (const [bound, isTaken] of [
      [{ newerThan: at(0) }, false],
      [{ olderThan: at(0) }, true],
    ] as const) {
      const found = await lookUp(await openContainer(url, { takes: choose(bound) }));
      expect(found?.taken.includes("last.json")).toBe(isTaken);
    }
    const large = choose({ largerThan: 1 });
    expect((await lookUp(await openContainer(url, { takes: large })))?.taken).toEqual(["logs/b.json"]);
  });
});

describe("a catalog that is filtered by name", () => {
  it("lists, counts and rechecks the same files", async () => {
    await using folder = await testFolder();
    await folder.put("j/1/a.json", "j/1/b.json", "j/1/c.tmp");
    const takes = choose({ exclude: ["*.tmp"] });
    const catalog = filteredCatalog(await folder.open(), { takes, countsByLookup: true });
    expect(await lookUp(catalog)).toEqual({ taken: ["a.json", "b.json"], leftOut: ["c.tmp"] });
    const wanted: string[] = [];
    for await (const { files } of catalog.lookup([ITEM], { signal })) wanted.push(makeReceipt(files).digest);
    for (const looks of [catalog.survey(batches(), { signal }), catalog.recheck(batches(), { signal })]) {
      for await (const [survey] of looks) expect(survey).toMatchObject({ files: 2, digest: wanted[0] });
    }
    // Its own count would speak of other files.
    const uncounted = filteredCatalog(await folder.open(), { takes, countsByLookup: false });
    for await (const surveys of uncounted.survey(batches(), { signal })) expect(surveys).toBeUndefined();
  });
});
