import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesAt } from "../../../src/catalog/paths/files-at.ts";
import { openPaths, pathsIdentity } from "../../../src/catalog/paths/paths.ts";
import { thrownBy } from "../../azure/support.ts";
import { lookUp, surveyed } from "../conformance.ts";

const { signal } = new AbortController();
let outer: string;
/** The working folder. */
let folder: string;

beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), "reupload-paths-"));
  folder = join(outer, "work");
  await put("out/a.json", "out/sub/b.json", "out/c.txt", "other/a.json", "../beside/d.json", "e[1].json");
});
afterEach(() => rm(outer, { recursive: true }));

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), name);
  }
}

async function namesAt(...paths: string[]): Promise<string[]> {
  const { files, problems } = await filesAt(paths, folder, signal);
  expect(problems).toEqual([]);
  return files.map(({ fileName }) => fileName).toSorted();
}

describe("the paths of an upload", () => {
  it.each([
    [["out"], ["out/a.json", "out/c.txt", "out/sub/b.json"]],
    [["./out/"], ["out/a.json", "out/c.txt", "out/sub/b.json"]],
    [
      ["out/a.json", "other/a.json"],
      ["other/a.json", "out/a.json"],
    ],
    [["out/*.json"], ["out/a.json"]],
    [["out/*"], ["out/a.json", "out/c.txt", "out/sub/b.json"]],
    [["**/*.json"], ["e[1].json", "other/a.json", "out/a.json", "out/sub/b.json"]],
    [["e[1].json"], ["e[1].json"]],
    [
      ["../beside", "other/../out/c.txt"],
      ["beside/d.json", "out/c.txt"],
    ],
    [
      ["out", "out/a.json", "out/**"],
      ["out/a.json", "out/c.txt", "out/sub/b.json"],
    ],
  ])("%j name %j", async (paths, names) => {
    expect(await namesAt(...paths)).toEqual(names);
  });

  it("may be absolute, and then their links are absolute but the names of their files are not", async () => {
    const { files } = await filesAt([join(folder, "out/a.json")], "/", signal);
    const path = join(folder, "out/a.json");
    expect(files).toEqual([{ fileName: path.slice(1), uri: pathToFileURL(path).href, length: 10 }]);
  });

  it("may be links themselves, but links below them must not lead out", async () => {
    await symlink("../../beside/d.json", join(folder, "out/link.json"));
    expect(await namesAt("out/link.json")).toEqual(["out/link.json"]);
    const { files, problems } = await filesAt(["out"], folder, signal);
    expect(files).toHaveLength(3);
    expect(problems).toEqual([expect.stringMatching(/^out\/link\.json is a link that leads outside of /)]);
  });

  it.skipIf(process.platform === "win32")("are reported when they are no files or have no name", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await writeFile(Buffer.from(`${folder}/out/caf\xe9.json`, "latin1"), "x");
    const { files, problems } = await filesAt(["pipe", "out/*.json"], folder, signal);
    expect(files).toHaveLength(1);
    expect(problems).toEqual([
      "pipe is not a regular file",
      expect.stringMatching(/^out\/caf.*cannot be read/),
    ]);
  });

  it.each([["missing"], ["out/*.xml"], ["out/a.json/b"], ["missing/*"]])(
    "that name nothing (%s) are refused",
    async (path) => {
      expect(await thrownBy(filesAt(["out", path], folder, signal))).toMatchObject({ code: "usage" });
    },
  );

  it("are reported when they are a link to nowhere", async () => {
    await symlink("gone.json", join(folder, "dangling"));
    expect(await thrownBy(filesAt(["dangling"], folder, signal))).toMatchObject({
      code: "usage",
      message: "dangling is a link to nothing.",
    });
  });

  it("leave out the files that are not meant", async () => {
    const isLeftOut = (path: string) => path === join(folder, "out/a.json");
    const { files } = await filesAt(["out", "out/a.json", "out/*.json"], folder, signal, isLeftOut);
    expect(files.map(({ fileName }) => fileName).toSorted()).toEqual(["out/c.txt", "out/sub/b.json"]);
  });

  it("are refused when there is no file below them", async () => {
    await mkdir(join(folder, "empty/deep"), { recursive: true });
    expect(await thrownBy(filesAt(["empty"], folder, signal))).toMatchObject({ code: "usage" });
  });

  it("stop being read when the signal is aborted", async () => {
    const reason = new Error("stopped by the test");
    expect(await thrownBy(filesAt(["out"], folder, AbortSignal.abort(reason)))).toBe(reason);
  });
});

describe("the catalog of an upload", () => {
  const workItem = { jobId: "upload", workItemId: "nightly", workItemName: "nightly" };
  const other = { ...workItem, workItemId: "other" };

  it("has the files of its one work item, counts them, and sees new ones when it is asked again", async () => {
    const catalog = await openPaths({ workItem, paths: ["out"], folder }, signal);
    const names = async (fresh: boolean) =>
      (await lookUp(catalog, [other, workItem], { signal, fresh })).map(({ files }) => files.length);
    expect(await names(false)).toEqual([0, 3]);
    expect(await surveyed(catalog, [[other], [workItem]], { signal })).toEqual([
      { workItem, files: 3, linksEndAt: undefined },
    ]);
    await put("out/new.json");
    expect(await names(true)).toEqual([0, 4]);
    await catalog.close();
  });

  it("has the same identity for the same paths, in whatever order and from wherever they are given", () => {
    const identity = pathsIdentity({ paths: ["out", "other/a.json"], folder });
    expect(identity).toMatch(/^paths:[0-9a-f]{16}$/);
    expect(pathsIdentity({ paths: ["work/other/a.json", "./work/out/"], folder: outer })).toBe(identity);
    expect(pathsIdentity({ paths: ["out"], folder })).not.toBe(identity);
  });
});
