/** `reupload init` from an empty folder, and the command that operators of the original tool know. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RUN_OPTIONS } from "../../src/config/run-options.ts";
import { readConfigFile } from "../../src/config/config-file.ts";
import { configText, FILE_OPTIONS } from "../../src/config/config-text.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("reupload init", () => {
  it("writes a file with which the command of the original tool works as it stands", async () => {
    const input = await makePlain(scene, 6, 2);
    const place = ["--target-container", scene.container, "--queue", scene.queue, "--files", "listing.csv"];
    const made = await scene.cli(["init", ...place]);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    expect(made.stderr).toBe("wrote reupload.config.yaml\n");
    expect(made.stdout).toMatch(/^ok +target /m);
    for (const partition of ["0", "1"]) {
      const words = `run --csv failed_workitems.csv --state-db m${partition}.db --partition ${partition} --total-partitions 2`;
      const workers = "--workitem-workers 20 --file-workers 10".split(" ");
      const { code, stderr } = await scene.cli([...words.split(" "), ...workers]);
      expect(code, stderr).toBe(0);
    }
    expect((await scene.reader.list(scene.container)).size).toBe(input.files.length);
    expect(await scene.reader.takeAnnouncements(scene.queue)).toHaveLength(input.files.length);
  });

  it("never writes over a file", async () => {
    const before = await readFile(scene.path("reupload.config.yaml"), "utf8");
    const again = await scene.cli(["init", "--target-container", "other"]);
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("The file reupload.config.yaml exists already.");
    expect(await readFile(scene.path("reupload.config.yaml"), "utf8")).toBe(before);
    expect((await readdir(scene.folder)).filter((name) => name.includes("reupload.config"))).toHaveLength(1);
  });
});

describe("the file that init writes", () => {
  it("holds every option, reads as what was given, and is the defaults when its comments are taken away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "reupload-init-"));
    try {
      expect(configText({})).not.toMatch(/^[a-z]/m);
      const texts = {
        files: "a: b #c.csv",
        queue: "0123456",
        announce: "false",
        maxFailures: "5%",
        target: "https://x",
      };
      await scene.write("given.yaml", configText(texts));
      const read = readConfigFile(scene.path("given.yaml"), folder);
      expect(Object.fromEntries([...read].map(([name, { text }]) => [name, text]))).toEqual(texts);
      const uncommented = configText({}).replaceAll(/^#(?=[a-z-]+: )/gm, "");
      await scene.write("all.yaml", uncommented);
      const all = readConfigFile(scene.path("all.yaml"), folder);
      expect([...all.keys()].toSorted()).toEqual(FILE_OPTIONS.toSorted());
      for (const [name, { text }] of all) {
        const { default: fallback } = RUN_OPTIONS[name];
        if (fallback !== undefined) expect(text).toBe(fallback);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
