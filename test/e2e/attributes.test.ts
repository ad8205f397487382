/** `--metadata`, `--tier`, `--tags` and `--cache-control` from the command line to the blobs, and back by verify. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

let scene: Scene;
let input: PlainInput;
beforeAll(async () => {
  scene = await startScene();
  input = await makePlain(scene, 2, 2);
});
afterAll(() => scene[Symbol.asyncDispose]());

const ALL = "--metadata Batch=7 --tier cool --tags batch=7&kind=a+b --cache-control no-cache".split(" ");

async function attributesOf(blobName: string) {
  const blob = scene.behind.container(scene.container).getBlobClient(blobName);
  const { metadata, accessTier, cacheControl } = await blob.getProperties();
  return { metadata, accessTier, cacheControl, tags: (await blob.getTags()).tags };
}

const AS_ASKED = {
  metadata: { batch: "7" },
  accessTier: "Cool",
  cacheControl: "no-cache",
  tags: { batch: "7", kind: "a+b" },
};
const verify = async (...more: readonly string[]) =>
  scene.cli(["verify", "--csv", "failed_workitems.csv", "--state-db", STATE, ...more]);

describe("what the blobs get", () => {
  it("is told by a dry run, made by the run, and part of what makes it this run", async () => {
    const dry = await scene.run([...ALL, "--dry-run"]);
    expect(dry.stdout).toContain(
      "The blobs would get: metadata batch=7; access tier cool; tags batch=7,kind=a+b; cache control no-cache.",
    );
    const run = await scene.run([...ALL, "--limit", "1"]);
    expect(run.code, run.stderr).toBe(0);
    const other = await scene.resume(["--tags", "batch=8"]);
    expect(other.code).toBe(3);
    expect(other.stderr).toContain("tags: the state has batch=7,kind=a+b, this command batch=8");
    // The same in another order, and what the state keeps.
    const resumed = await scene.resume(["--tags", "kind=a+b,batch=7"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const { blobName } of input.files) expect(await attributesOf(blobName)).toEqual(AS_ASKED);
  });

  it("is verified by what the state keeps, told in words, and mended on request", async () => {
    expect(await verify()).toMatchObject({ code: 0 });
    const { blobName } = input.at(1);
    await scene.behind.container(scene.container).getBlobClient(blobName).setTags({ batch: "6" });
    const damaged = await verify();
    expect(damaged.code).toBe(1);
    expect(damaged.stdout + damaged.stderr).toContain("its tags are batch=6, not batch=7,kind=a+b");
    const other = await verify("--tags", "none", "--repair");
    expect(other.code).toBe(3);
    expect(other.stderr).toContain("--tags: the run has batch=7,kind=a+b, this command its default");
    const mended = await verify("--repair", "--on-conflict", "overwrite", "--no-queue");
    expect(mended.code, mended.stdout + mended.stderr).toBe(0);
    expect(mended.stdout).not.toMatch(/--repair .*--repair/);
    expect(await attributesOf(blobName)).toEqual(AS_ASKED);
    expect(await verify("--deep")).toMatchObject({ code: 0 });
  });

  it("is the same for local files", async () => {
    await scene.write("local.json", "{}");
    const place = ["--work-item-name", "w", "--target-container", scene.container, "--no-queue"];
    const upload = await scene.cli(["upload", "local.json", ...place, ...ALL]);
    expect(upload.code, upload.stderr).toBe(0);
    expect(await attributesOf("w-local.json")).toEqual(AS_ASKED);
  });
});
