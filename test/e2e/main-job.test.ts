/** The main job on the demo's input, counted at the proxy: what is done is done once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addMissingBlob, type DemoInput, makeDemoInput } from "../../src/demo/demo-input.ts";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { type Scene, startScene } from "./scene.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

/** Requests that put something into the target. */
const PUTS = ["put-blob", "put-blob-from-url", "put-block", "put-block-from-url", "put-block-list"] as const;

let scene: Scene;
let input: DemoInput;

beforeAll(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makeDemoInput({
    surroundings: REAL_SURROUNDINGS,
    connectionString: scene.proxy.connectionString,
    folder: scene.folder,
    sourceContainer: scene.source,
    signal: AbortSignal.timeout(60_000),
    scale: { workItems: 30, files: 400, large: [20] },
  });
  scene.proxy.forget();
});
afterAll(() => scene[Symbol.asyncDispose]());

const there = () => input.expected.filter(({ blobName }) => blobName !== input.missing.blobName);

describe("the main job on the demo's input", () => {
  it("copies and announces every file but the one whose source is missing, and exits with 1", async () => {
    const result = await scene.run(["--output", "json"]);
    expect(result.code).toBe(1);
    expect(summaryIn(result)).toMatchObject({
      verdict: "with-failures",
      rows: { total: 31, completed: 28, empty: 1, failed: 1, duplicates: 1, rejected: 0, left: 0 },
      files: { total: 401, copied: 400, failed: 1, alreadyThere: 0, skipped: 0, left: 0 },
      gaps: [],
      announced: 400,
      failures: [{ code: "source-not-found", files: 1, samples: [{ fileName: input.missing.fileName }] }],
      nextCommand: "reupload run --resume --state-db state.db",
    });
    await expectInTarget(scene, there());
    await expectAnnouncedOnce(scene, there());
    // 20 MiB in blocks of 8 MiB; all others whole.
    expect(scene.proxy.count("put-block")).toBe(3);
    expect(scene.proxy.count("put-block-list")).toBe(1);
    expect(scene.proxy.count("put-blob")).toBe(399);
    expect(scene.proxy.count("put-message")).toBe(400);
  });

  it("tries the missing file alone on resume, and says again that it is missing", async () => {
    scene.proxy.forget();
    const { code, stdout } = await scene.resume();
    expect(code).toBe(1);
    expect(stdout).toContain("source-not-found: 1 file");
    expect(scene.proxy.count("put-blob", "put-block", "put-block-list", "put-message")).toBe(0);
  });

  it("finishes with that file alone once its source is there, and exits with 0", async () => {
    await addMissingBlob(input.missing, { signal: AbortSignal.timeout(10_000) });
    scene.proxy.forget();
    const { code, stdout } = await scene.resume();
    expect(code).toBe(0);
    expect(stdout).toContain("Completed.");
    expect(scene.proxy.count("put-blob", "put-block", "put-block-list")).toBe(1);
    expect(scene.proxy.count("put-message")).toBe(1);
    await expectInTarget(scene, input.expected);
    await expectAnnouncedOnce(scene, [input.missing]);
  });

  it("does nothing on a further resume, and exits with 0", async () => {
    scene.proxy.forget();
    expect((await scene.resume()).code).toBe(0);
    expect(scene.proxy.count(...PUTS, "put-message", "get-blob")).toBe(0);
  });
});
