import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lookup } from "../../../src/catalog/catalog.ts";
import type { WorkItem } from "../../../src/core/work-item.ts";
import { thrownBy } from "../../azure/support.ts";
import { lookUp } from "../conformance.ts";
import { testFolder, type TestFolder } from "./support.ts";

const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === "win32";

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

function item(jobId: string, workItemId: string): WorkItem {
  return { jobId, workItemId, workItemName: "" };
}

async function answerOf(workItem: WorkItem, prefix?: string): Promise<Lookup> {
  const [answer] = await lookUp(await folder.open(prefix), [workItem], { signal });
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

const namesIn = (answer: Lookup): string[] => answer.files.map(({ fileName }) => fileName);

describe("the files of a work item", () => {
  it.each(["{jobId}/{workItemId}/", "{jobId}/{workItemId}"])(
    "are those below its own folder (%s), not those of an id that begins the same",
    async (prefix) => {
      await folder.put("a/1/x.json", "a/1/sub/deep/y.json", "a/10/x.json", "a/1x", "b/1/z.json");
      await mkdir(folder.at("a/1/empty"));
      const answer = await answerOf(item("a", "1"), prefix);
      expect(namesIn(answer)).toEqual(["sub/deep/y.json", "x.json"]);
      expect(answer.problems).toEqual([]);
    },
  );

  it("have links that lead back to their bytes, whatever their names are", async () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((name) => !/[/\0]|^\.\.?$/.test(name) && name.isWellFormed() && Buffer.byteLength(name) < 200);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(part, { maxLength: 6, selector: (s) => s.normalize() }),
        async (names) => {
          const id = String(run++);
          await folder.put(...names.map((name) => `a/${id}/${name}`));
          const { files, problems } = await answerOf(item("a", id));
          expect(problems).toEqual([]);
          expect(files.map(({ fileName }) => fileName)).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
          for (const { fileName, uri, length } of files) {
            const content = await readFile(fileURLToPath(uri));
            expect(content.toString()).toBe(`a/${id}/${fileName}`);
            expect(length).toBe(content.length);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it.skipIf(isWindows)("are given when their names are UTF-8, and the others are reported", async () => {
    await folder.put("a/1/x.json");
    const odd = Buffer.concat([Buffer.from(`${folder.at("a/1")}/caf`), Buffer.from([0xe9])]);
    await writeFile(odd, "x");
    await mkdir(Buffer.concat([odd, Buffer.from("-folder")]));
    const answer = await answerOf(item("a", "1"));
    expect(namesIn(answer)).toEqual(["x.json"]);
    expect(answer.problems).toEqual([
      expect.stringContaining("not UTF-8 (in hexadecimal: 636166e9)"),
      expect.stringContaining("not UTF-8 (in hexadecimal: 636166e92d666f6c646572)"),
    ]);
  });

  it.skipIf(isWindows)("are regular files: pipes and the like are reported", async () => {
    await folder.put("a/1/sub/x.json");
    execFileSync("mkfifo", [folder.at("a/1/sub/pipe")]);
    const answer = await answerOf(item("a", "1"));
    expect(namesIn(answer)).toEqual(["sub/x.json"]);
    expect(answer.problems).toEqual(["sub/pipe is not a regular file"]);
  });

  it.skipIf(isRoot || isWindows)("are reported when their folder cannot be read", async () => {
    await folder.put("a/1/x.json", "a/1/locked/y.json", "a/2/z.json");
    await chmod(folder.at("a/1/locked"), 0);
    await chmod(folder.at("a/2"), 0);
    const answer = await answerOf(item("a", "1"));
    expect(namesIn(answer)).toEqual(["x.json"]);
    expect(answer.problems).toEqual(["locked cannot be read (EACCES)"]);
    expect(await answerOf(item("a", "2"))).toMatchObject({ files: [], failure: { code: "catalog-error" } });
    await chmod(folder.at("a/1/locked"), 0o700);
    await chmod(folder.at("a/2"), 0o700);
  });
});

describe("symbolic links", () => {
  it("are followed within the folder, and loops end", async () => {
    await folder.put("a/1/x.json", "a/1/sub/y.json", "store/z.json", "store/more/w.json");
    await symlink("x.json", folder.at("a/1/latest.json"));
    await symlink("../../store", folder.at("a/1/stored"));
    await symlink("../../store/more", folder.at("a/1/again"));
    await symlink(".", folder.at("a/1/self"));
    await symlink("..", folder.at("a/1/sub/up"));
    await symlink("sub", folder.at("a/1/a-sub"));
    const answer = await answerOf(item("a", "1"));
    expect(namesIn(answer)).toEqual(["again/w.json", "latest.json", "stored/z.json", "sub/y.json", "x.json"]);
    expect(answer.problems).toEqual([]);
  });

  it("are reported when they lead out of the folder, to nowhere or to another work item", async () => {
    await folder.put("a/1/x.json", "a/2/y.json");
    await writeFile(join(folder.path, "../secret.json"), "secret");
    await mkdir(join(folder.path, "../files-of-others"));
    await symlink("../../../secret.json", folder.at("a/1/b-file"));
    await symlink("../../../files-of-others", folder.at("a/1/c-folder"));
    await symlink("nowhere", folder.at("a/1/d-nowhere"));
    await symlink("e-ring", folder.at("a/1/e-ring"));
    await symlink("..", folder.at("a/1/f-job"));
    await folder.put("store/z.json");
    await symlink("../../store", folder.at("a/1/g-store"));
    await symlink("../a", folder.at("store/back"));
    const answer = await answerOf(item("a", "1"));
    expect(namesIn(answer)).toEqual(["g-store/z.json", "x.json"]);
    expect(answer.problems.toSorted()).toEqual([
      expect.stringMatching(/^b-file is a link that leads outside of /),
      expect.stringMatching(/^c-folder is a link that leads outside of /),
      "d-nowhere is a link to nothing",
      "e-ring cannot be read (ELOOP)",
      "f-job is a link to a folder that contains the link itself",
      "g-store/back is a link to a folder that contains the link itself",
    ]);
  });

  it("may stand for the folder and for a work item's folder, but must not lead out of it", async () => {
    await folder.put("real/x.json");
    await mkdir(folder.at("a"));
    await symlink("../real", folder.at("a/1"));
    await symlink("../..", folder.at("a/2"));
    expect(namesIn(await answerOf(item("a", "1")))).toEqual(["x.json"]);
    expect(await answerOf(item("a", "2"))).toMatchObject({ files: [], failure: { code: "catalog-error" } });
  });
});

describe("an id that leads elsewhere", () => {
  it.each([
    ["..", "1"],
    ["a", ".."],
    ["a", "../b/1"],
    ["a", "1/sub"],
    ["a", "1\0"],
    ["a", "1."],
  ])("is refused for that work item alone (%j, %j)", async (jobId, workItemId) => {
    await folder.put("a/1/sub/x.json", "b/1/y.json");
    const catalog = await folder.open();
    const [odd, sound] = await lookUp(catalog, [item(jobId, workItemId), item("a", "1")], { signal });
    expect(odd).toMatchObject({ files: [], failure: { code: "catalog-error" } });
    expect(sound?.files).toHaveLength(1);
  });
});

describe("a folder", () => {
  it("is refused at the start when it is not there or is no folder", async () => {
    await rm(folder.path, { recursive: true });
    expect(await thrownBy(folder.open())).toMatchObject({ code: "source-invalid" });
    await writeFile(folder.path, "");
    expect(await thrownBy(folder.open())).toMatchObject({ code: "source-invalid" });
    await rm(folder.path);
    await mkdir(folder.path);
  });

  it("ends the run when it goes away later, and makes no work item look empty", async () => {
    await folder.put("a/1/x.json");
    const catalog = await folder.open();
    await rename(folder.path, `${folder.path}-away`);
    const look = async () => lookUp(catalog, [item("a", "1")], { signal });
    expect(await thrownBy(look())).toMatchObject({ code: "unavailable" });
    await mkdir(folder.path);
    expect(await thrownBy(look())).toMatchObject({ code: "unavailable" });
  });

  it("reports a file that stands where a work item's folder should be", async () => {
    await folder.put("a/1");
    const { files, failure } = await answerOf(item("a", "1"));
    expect(files).toEqual([]);
    expect(failure?.code).toBe("catalog-error");
    expect(failure?.message).toContain("ENOTDIR");
  });
});
