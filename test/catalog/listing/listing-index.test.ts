import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { readdir, readFile, readlink, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import type { IndexProgress } from "../../../src/catalog/listing/build-index.ts";
import { unpackExtents } from "../../../src/catalog/listing/extents.ts";
import { keyHash } from "../../../src/catalog/listing/index-file.ts";
import type { ListingOptions } from "../../../src/catalog/listing/listing.ts";
import { lookUp, rechecked, surveyed } from "../conformance.ts";
import {
  csvOf,
  type ListingFolder,
  listingFolder,
  rowOf,
  signal,
  type TestRow,
  workItem,
} from "./support.ts";

/** Rows of 30 work items, scattered. */
const ROWS = Array.from({ length: 90 }, (_, i) => rowOf(String(i % 30), `${i}.json`));
const ITEMS = Array.from({ length: 30 }, (_, i) => workItem(String(i)));
const OLD = csvOf([rowOf("1", "old.json"), rowOf("2", "old.json")]);
const NEW = csvOf([rowOf("1", "new.json"), rowOf("1", "new-2.json"), rowOf("2", "new.json")]);

describe("the index of a listing", () => {
  let folder: ListingFolder;
  let catalogs: Catalog[];
  /** How often a listing was read to its end. */
  let builds: number;

  beforeEach(async () => {
    folder = await listingFolder();
    catalogs = [];
    builds = 0;
  });
  afterEach(async () => {
    for (const catalog of catalogs) await catalog.close();
    await folder.remove();
  });

  const onProgress = ({ bytes, totalBytes }: IndexProgress): void => {
    if (bytes === totalBytes) builds++;
  };

  async function open(more: Partial<ListingOptions> = {}): Promise<Catalog> {
    const catalog = await folder.open({ onProgress, ...more });
    catalogs.push(catalog);
    return catalog;
  }

  async function namesOf(catalog: Catalog, id: string, fresh = false): Promise<string[]> {
    const [answer] = await lookUp(catalog, [workItem(id)], { signal, fresh });
    expect(answer?.failure).toBeUndefined();
    return (answer?.files ?? []).map(({ fileName }) => fileName);
  }

  async function expectSound(catalog: Catalog, rows: readonly TestRow[] = ROWS): Promise<void> {
    const answers = await lookUp(catalog, ITEMS, { signal });
    for (const { workItem: asked, files, failure } of answers) {
      expect(failure).toBeUndefined();
      const own = rows.filter((row) => row.WorkItemId === asked.workItemId).map((row) => row.FileName);
      expect(files.map(({ fileName }) => fileName)).toEqual(own.toSorted());
    }
  }

  /** Writes the listing with a time of its own, so that no two versions look alike on a coarse clock. */
  async function writeAt(content: string, seconds: number, path = folder.options.path): Promise<void> {
    await writeFile(path, content);
    await utimes(path, seconds, seconds);
  }

  it("holds nothing of the rows and can be read by its owner only", async () => {
    await folder.write(csvOf(ROWS));
    await open();
    const index = (await readFile(folder.options.indexPath)).toString("latin1");
    for (const text of ["SECRET", "https", "account", "job-1", ".json"]) expect(index).not.toContain(text);
    const { mode } = await stat(folder.options.indexPath);
    if (process.platform !== "win32") expect(mode & 0o777).toBe(0o600);
    expect((await readdir(folder.folder)).toSorted()).toEqual(["files.csv", "state.listing-index"]);
  });

  it("has one extent for each work item of a sorted listing, and no large one", async () => {
    const large = Array.from({ length: 3000 }, (_, i) => rowOf("large", `${i}.json`));
    await folder.write(
      csvOf([...ROWS.toSorted((a, b) => Number(a.WorkItemId) - Number(b.WorkItemId)), ...large]),
    );
    await open();
    const database = new DatabaseSync(folder.options.indexPath, { readOnly: true });
    const packed = database.prepare("SELECT extents FROM work_items").all();
    database.close();
    const extents = packed
      .flatMap((row) => [...unpackExtents(row["extents"] as Uint8Array)])
      .toSorted((a, b) => a.offset - b.offset);
    expect(extents.slice(0, 30).map(({ rows }) => rows)).toEqual(ITEMS.map(() => 3));
    expect(extents.slice(30).reduce((sum, { rows }) => sum + rows, 0)).toBe(3000);
    expect(extents.length).toBeLessThan(40);
    for (const { length } of extents) expect(length).toBeLessThanOrEqual(64 * 1024);
  });

  it("knows when the first link of a work item ends, wherever its row stands", async () => {
    const ending = (end: string): Partial<TestRow> => ({ Uri: `https://a.example/s/f?se=${end}&sig=SECRET` });
    await folder.write(
      csvOf([
        rowOf("1", "a.json", ending("2030-01-02T00:00:00Z")),
        rowOf("2", "a.json", ending("2030-01-03T00%3A00%3A00Z")),
        rowOf("1", "b.json", ending("2030-01-01T12:00:00.9Z")),
        rowOf("2", "b.json"),
        rowOf("3", "a.json"),
      ]),
    );
    const asked = ["1", "2", "3", "none"].map((id) => workItem(id));
    const surveys = await surveyed(await open(), [asked], { signal });
    expect(surveys).toEqual([
      { workItem: asked[0], files: 2, linksEndAt: Date.parse("2030-01-01T12:00:00Z") },
      { workItem: asked[1], files: 2, linksEndAt: Date.parse("2030-01-03T00:00:00Z") },
      { workItem: asked[2], files: 1, linksEndAt: undefined },
      { workItem: asked[3], files: 0, linksEndAt: undefined },
    ]);
  });

  it("keeps work items apart when their keys share a hash", async () => {
    // Found by search: the first 53 bits of the SHA-256 of both keys are the same.
    const [one, other] = ["1955515808618830", "2756245574419579"];
    expect(keyHash(workItem(one))).toBe(keyHash(workItem(other)));
    await folder.write(
      csvOf([rowOf(one, "a.json"), rowOf(one, "b.json"), rowOf(other, "c.json"), rowOf(one, "d.json")]),
    );
    const catalog = await open();
    expect(await namesOf(catalog, one)).toEqual(["a.json", "b.json", "d.json"]);
    expect(await namesOf(catalog, other)).toEqual(["c.json"]);
    expect(builds).toBe(1);
  });

  it("is used again as long as the listing stays the same", async () => {
    await folder.write(csvOf(ROWS));
    await expectSound(await open());
    await expectSound(await open());
    expect(builds).toBe(1);
  });

  it("is made anew when the time, size or content of the listing differs", async () => {
    await writeAt(OLD, 1000);
    await open();
    await writeAt(OLD, 2000);
    await open();
    expect(builds).toBe(2);
    await writeAt(NEW, 2000);
    expect(await namesOf(await open(), "1")).toEqual(["new-2.json", "new.json"]);
    expect(builds).toBe(3);
    await writeAt(NEW.replaceAll("new", "NEW"), 2000);
    expect(await namesOf(await open(), "2")).toEqual(["NEW.json"]);
    expect(builds).toBe(4);
  });

  it("is removed together with the file of rejected rows when the listing was mended", async () => {
    await folder.write(`${OLD},1,x\n`);
    expect((await open()).rejectedRows()).toEqual({ count: 1, file: folder.options.rejectedPath });
    expect((await open()).rejectedRows()).toEqual({ count: 1, file: folder.options.rejectedPath });
    expect(builds).toBe(1);
    await rm(folder.options.rejectedPath);
    await open();
    expect(builds).toBe(2);
    expect(await readFile(folder.options.rejectedPath, "utf8")).toMatch(/^4,/m);
    await folder.write(OLD);
    expect((await open()).rejectedRows()).toEqual({ count: 0, file: undefined });
    expect(await readdir(folder.folder)).not.toContain("state.listing-rejected.csv");
  });

  it("is made anew when it was damaged at any place", async () => {
    await folder.write(`${csvOf(ROWS)},1,x\n`);
    await open();
    const sound = await readFile(folder.options.indexPath);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const damage = fc.record({ at: fc.nat(sound.length - 1), bytes, cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(damage, async (at) => {
        const damaged = Buffer.from(sound);
        damaged.set(at.bytes.slice(0, sound.length - at.at), at.at);
        await writeFile(folder.options.indexPath, at.cut ? damaged.subarray(0, at.at) : damaged);
        const catalog = await folder.open();
        await expectSound(catalog);
        expect(catalog.rejectedRows().count).toBe(1);
        await catalog.close();
      }),
      { numRuns: 60 },
    );
  });

  it("is made anew when it is damaged while it is in use", async () => {
    await folder.write(csvOf(ROWS));
    const catalog = await open();
    await writeFile(folder.options.indexPath, Buffer.alloc(20_000, "x"));
    await Promise.all([expectSound(catalog), expectSound(catalog), expectSound(catalog)]);
    expect(builds).toBe(2);
  });

  it("is made anew when the process was killed while it built it", async () => {
    await folder.write(csvOf(Array.from({ length: 20 }, () => ROWS).flat()));
    const program = `
      import { openListing } from ${JSON.stringify(join(import.meta.dirname, "../../../src/catalog/listing/listing.ts"))};
      import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
      await openListing({
        ...${JSON.stringify({ ...folder.options, surroundings: undefined })},
        surroundings: REAL_SURROUNDINGS,
        signal: new AbortController().signal,
        onProgress: ({ bytes, totalBytes }) => bytes > totalBytes / 2 && process.kill(process.pid, "SIGKILL"),
      });`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program]);
    const [, signalName] = (await once(child, "exit")) as [number | null, string | null];
    expect(signalName).toBe("SIGKILL");
    expect(await readdir(folder.folder)).toContain("state.listing-index.building");
    expect(await readdir(folder.folder)).not.toContain("state.listing-index");
    expect(await namesOf(await open(), "7")).toHaveLength(60);
    expect((await readdir(folder.folder)).toSorted()).toEqual(["files.csv", "state.listing-index"]);
  });

  it("leaves nothing behind when it is stopped or the listing grows meanwhile", async () => {
    await folder.write(`${OLD},1,x\n`);
    const stop = new AbortController();
    const stopped = open({ signal: stop.signal, onProgress: () => stop.abort(new Error("stopped")) });
    await expect(stopped).rejects.toThrow("stopped");
    expect(await readdir(folder.folder)).toEqual(["files.csv"]);
    const grown = open({ onProgress: () => appendFileSync(folder.options.path, "job-1,3,x\n") });
    await expect(grown).rejects.toMatchObject({ code: "listing-unreadable" });
    expect(await readdir(folder.folder)).toEqual(["files.csv"]);
  });

  it("fails with an error where there is no folder for it", async () => {
    await folder.write(OLD);
    const nowhere = open({ indexPath: join(folder.folder, "nowhere", "index") });
    await expect(nowhere).rejects.toMatchObject({ code: "output-unwritable" });
  });

  describe("when the listing changes", () => {
    beforeEach(() => writeAt(OLD, 1000));

    it("stays in use when another file takes the listing's place, until fresh links are asked for once for all", async () => {
      const catalog = await open();
      await writeAt(NEW, 2000, `${folder.options.path}.new`);
      await rename(`${folder.options.path}.new`, folder.options.path);
      expect(await namesOf(catalog, "1")).toEqual(["old.json"]);
      const fresh = await Promise.all(Array.from({ length: 10 }, () => namesOf(catalog, "1", true)));
      expect(fresh).toEqual(Array.from({ length: 10 }, () => ["new-2.json", "new.json"]));
      expect(builds).toBe(2);
      expect(await namesOf(catalog, "2")).toEqual(["new.json"]);
      // The next start finds no index of this listing, so that it rechecks what was looked up in the old one.
      const next = await open();
      expect(builds).toBe(3);
      const [again] = await rechecked(next, [[workItem("1")]], { signal });
      expect(again?.files).toBe(2);
      expect(again?.digest).toMatch(/^[0-9a-f]{16}$/);
    });

    it("has nothing to recheck when the listing did not change", async () => {
      await (await open()).close();
      const again = await open();
      expect(builds).toBe(1);
      expect(await rechecked(again, [[workItem("1")]], { signal })).toEqual([]);
    });

    it("by another file of the same length and time, is noticed as well", async () => {
      const catalog = await open();
      await writeAt(OLD.replaceAll("old", "xyz"), 1000, `${folder.options.path}.new`);
      await rename(`${folder.options.path}.new`, folder.options.path);
      expect(await namesOf(catalog, "1", true)).toEqual(["xyz.json"]);
    });

    it("again while the one before is indexed, is noticed by who asks after that", async () => {
      const next = `${folder.options.path}.new`;
      let asked: Promise<string[]> | undefined;
      const catalog: Catalog = await open({
        onProgress: () => {
          if (builds++ !== 1) return;
          writeFileSync(next, OLD.replaceAll("old", "xyz"));
          renameSync(next, folder.options.path);
          asked = namesOf(catalog, "1", true);
        },
      });
      await writeAt(NEW, 2000, next);
      await rename(next, folder.options.path);
      expect(await namesOf(catalog, "1", true)).toContain("new.json");
      expect(await asked).toEqual(["xyz.json"]);
    });

    it("fails each work item when the listing changed in place, until fresh links are asked for", async () => {
      const catalog = await open();
      for (const content of [NEW, OLD.slice(0, OLD.length - 20), "", OLD.replaceAll("old", "xyz")]) {
        await writeAt(content, 2000);
        const [answer] = await lookUp(catalog, [workItem("1")], { signal });
        expect(answer).toMatchObject({ files: [], failure: { code: "catalog-error" } });
        expect(answer?.failure?.message).toMatch(/was changed after it was indexed/);
      }
      expect(await namesOf(catalog, "1", true)).toEqual(["xyz.json"]);
      expect(await namesOf(catalog, "2")).toEqual(["xyz.json"]);
    });

    it("fails only the work items that want fresh links when the listing can no longer be read", async () => {
      const catalog = await open();
      await rename(folder.options.path, `${folder.options.path}.away`);
      const missing = (await lookUp(catalog, [workItem("1")], { signal, fresh: true }))[0];
      expect(missing).toMatchObject({ files: [], failure: { code: "catalog-error" } });
      await writeAt("no listing\n", 3000);
      const invalid = (await lookUp(catalog, [workItem("1")], { signal, fresh: true }))[0];
      expect(invalid?.failure?.message).toMatch(/has no JobId/);
      expect(await namesOf(catalog, "1")).toEqual(["old.json"]);
      await writeAt(NEW, 4000);
      expect(await namesOf(catalog, "1", true)).toEqual(["new-2.json", "new.json"]);
    });

    it("lets whoever comes while it is made anew wait for the new one", async () => {
      const catalog = await open();
      await writeAt(NEW, 2000);
      const [fresh, waiting] = await Promise.all([namesOf(catalog, "1", true), namesOf(catalog, "2")]);
      expect([fresh, waiting]).toEqual([["new-2.json", "new.json"], ["new.json"]]);
    });

    it("gives every lookup under way a whole answer, of the old index or of the new one", async () => {
      const many = Array.from({ length: 2000 }, (_, i) => rowOf(i % 2 === 0 ? "many" : "1", `${i}.json`));
      await writeAt(csvOf(many), 1000);
      const catalog = await open();
      await rename(folder.options.path, `${folder.options.path}.away`);
      await writeAt(NEW, 2000);
      const old = lookUp(catalog, [workItem("many")], { signal });
      const renewed = namesOf(catalog, "1", true);
      for (let found = 1000; found !== 2;) {
        found = (await namesOf(catalog, "1")).length;
        expect([1000, 2]).toContain(found);
      }
      expect(await renewed).toHaveLength(2);
      expect((await old)[0]?.files).toHaveLength(1000);
    });

    it("is still made anew when a lookup that waits for it is stopped", async () => {
      const stop = new AbortController();
      const catalog = await open({
        onProgress: () => {
          if (builds++ > 0) stop.abort(new Error("stopped"));
        },
      });
      await rename(folder.options.path, `${folder.options.path}.away`);
      await writeAt(NEW, 2000);
      const stopped = lookUp(catalog, [workItem("1")], { signal: stop.signal, fresh: true });
      await expect(stopped).rejects.toThrow("stopped");
      expect(await namesOf(catalog, "1", true)).toEqual(["new-2.json", "new.json"]);
    });

    it("tells whoever waits for it when it is closed while it is made anew", async () => {
      const closing: Promise<void>[] = [];
      const catalog: Catalog = await open({
        onProgress: () => {
          if (builds++ > 0) closing.push(catalog.close());
        },
      });
      await rename(folder.options.path, `${folder.options.path}.away`);
      await writeAt(NEW, 2000);
      const waiting = lookUp(catalog, [workItem("1")], { signal, fresh: true });
      const told = expect(waiting).rejects.toThrow("The listing was closed.");
      await expect.poll(() => closing.length).toBe(1);
      await closing[0];
      expect(await readdir(folder.folder)).not.toContain("state.listing-index.building");
      await told;
    });
  });

  it("is closed, together with the listing, when the catalog is closed", async () => {
    await folder.write(OLD);
    const catalog = await folder.open();
    await namesOf(catalog, "1");
    await catalog.close();
    await expect(lookUp(catalog, [workItem("1")], { signal })).rejects.toThrow("The listing was closed.");
    if (process.platform !== "linux") return;
    const names = await readdir("/proc/self/fd");
    const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
    expect(paths.filter((path) => path.startsWith(folder.folder))).toEqual([]);
  });
});
