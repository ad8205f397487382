/** `reupload upload` through the built command line. */
import { hash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { announcementsOf, expectAnnouncedOnce, expectInTarget, figureOf } from "./expectations.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Writes a file; gives what the target should hold for it. */
async function put(name: string, content = `content of ${name}`) {
  await mkdir(dirname(scene.path(name)), { recursive: true });
  await writeFile(scene.path(name), content);
  const blobName = `nightly-${name.slice(name.lastIndexOf("/") + 1)}`;
  return { blobName, md5: hash("md5", content, "base64") };
}

const args = (...more: string[]): string[] => [
  "upload",
  ...more,
  ...`--work-item-name nightly --target-container ${scene.container} --queue ${scene.queue}`.split(" "),
];
const upload = async (...more: string[]) => scene.cli(args(...more));

const states = async (): Promise<string[]> =>
  (await readdir(scene.folder)).filter((name) => name.startsWith("reupload_"));

describe("an upload", () => {
  it("puts files, folders and patterns into the target, announces each once, and leaves no state", async () => {
    // A run's, for the most part: not the upload's.
    await scene.write(
      "reupload.config.yaml",
      "state-db: run.db\npartition: 1\ntotal-partitions: 2\nfiles: f.csv\n",
    );
    const wanted = [
      await put("out/a.json"),
      await put("out/sub/b.json", "b".repeat(9 * 2 ** 20)),
      await put("c.json"),
    ];
    await put("not-this.txt");
    const result = await upload("out", "*.json");
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "copied")).toBe(3);
    await expectInTarget(scene, wanted);
    await expectAnnouncedOnce(scene, wanted);
    expect((await readdir(scene.folder)).filter((name) => name.includes(".db"))).toEqual([]);
  });

  it("leaves its own state and log out of the working folder, and says so", async () => {
    await scene.write("a.json", "a");
    const first = await upload(".", "--state-db", "my.db", "--log-file", "up.log");
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout + first.stderr).toMatch(/left out because they belong to this upload: .*up\.log/);
    const names = async () => {
      const found: string[] = [];
      for await (const { name } of scene.behind.container(scene.container).listBlobsFlat()) found.push(name);
      return found.filter((name) => /my\.db|up\.log/.test(name));
    };
    expect(await names()).toEqual([]);
    const again = await upload(".", "--state-db", "my.db", "--log-file", "up.log", "--resume");
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout + again.stderr).toMatch(/they belong to this upload: .*my\.db/);
    expect(await names()).toEqual([]);
  });

  it("continues where it was killed when the same command is given again, and does not block another upload", async () => {
    const wanted = await Promise.all(Array.from({ length: 12 }, async (_, i) => put(`out/${i}.json`)));
    const late = await put("late.json");
    scene.proxy.fail({ fault: { kind: "hang" }, operation: "put-message", skip: 6 });
    const first = scene.start(args("out"));
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(6);
    await first.kill();
    scene.proxy.heal();
    expect(await states()).not.toEqual([]);
    const other = await upload("late.json");
    expect(other.code, other.stderr).toBe(0);
    scene.proxy.forget();
    const again = await upload("./out/");
    expect(again.code, again.stderr).toBe(0);
    expect(scene.proxy.count("put-blob")).toBeLessThan(12);
    await expectInTarget(scene, [...wanted, late]);
    expect(new Set((await announcementsOf(scene)).keys())).toEqual(
      new Set([...wanted, late].map(({ blobName }) => blobName)),
    );
    expect(await states()).toEqual([]);
  });

  it("keeps its state when something failed, says how to continue, and ends with 1", async () => {
    const [a, b] = [await put("out/a.json"), await put("out/sub/a.json", "another")];
    const result = await upload("out");
    expect(result.code, result.stderr).toBe(1);
    expect(result.stdout).toContain("name-collision: 1 file");
    expect(result.stdout).toContain("reupload upload out --work-item-name nightly");
    await expectInTarget(scene, [a]);
    const byPath = await upload("out", "--on-collision", "path");
    expect(byPath.code, byPath.stderr).toBe(0);
    await expectInTarget(scene, [a, { blobName: "nightly-out/sub/a.json", md5: b.md5 }]);
    expect(await states()).toEqual([]);
  });

  it("keeps the state with --state-db; then --resume is needed and sees what is new", async () => {
    const first = await put("out/a.json");
    expect(await upload("out", "--state-db", "my.db")).toMatchObject({ code: 0 });
    const second = await put("out/b.json");
    const refused = await upload("out", "--state-db", "my.db");
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain("--resume");
    scene.proxy.forget();
    const resumed = await upload("out", "--state-db", "my.db", "--resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(scene.proxy.count("put-blob")).toBe(1);
    await expectInTarget(scene, [first, second]);
  });

  it("says in a dry run which file would become which blob, and changes nothing", async () => {
    await put("out/a.json");
    const byFlag = await upload("out", "--dry-run");
    const byEnvironment = await scene.cli(args("out"), { env: { REUPLOAD_DRY_RUN: "true" } });
    for (const result of [byFlag, byEnvironment]) {
      expect(result.code, result.stderr).toBe(0);
      expect(result.stdout + result.stderr).toMatch(/out\/a\.json.*nightly-a\.json/);
    }
    await expectInTarget(scene, []);
    await expectAnnouncedOnce(scene, []);
    expect(await states()).toEqual([]);
  });

  it("keeps the state of an upload that was killed when the environment asks for a dry run", async () => {
    await Promise.all(Array.from({ length: 3 }, async (_, i) => put(`out/${i}.json`)));
    scene.proxy.fail({ fault: { kind: "hang" }, operation: "put-message" });
    const first = scene.start(args("out"));
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(0);
    await first.kill();
    scene.proxy.heal();
    const kept = (await states()).filter((name) => name.endsWith(".db"));
    expect(kept).toHaveLength(1);
    const dry = await scene.cli(args("out"), { env: { REUPLOAD_DRY_RUN: "true" } });
    expect(dry.code, dry.stderr).toBe(0);
    expect(await states()).toEqual(expect.arrayContaining(kept));
  });

  it("is refused with 2 before anything is made when a path names nothing, or the name cannot be one", async () => {
    await put("a.json");
    expect(await upload("a.json", "missing.json")).toMatchObject({ code: 2 });
    expect(await scene.cli(["upload", "a.json", "--work-item-name", "a\\b"])).toMatchObject({ code: 2 });
    expect(await states()).toEqual([]);
  });
});
